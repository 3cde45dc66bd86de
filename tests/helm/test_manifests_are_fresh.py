"""What is printed from the chart is what lies in the repository, and kustomize can build it."""

import subprocess

import print_manifests
import pytest
import values_docs
import yaml
from binaries import REPOSITORY, binary
from chart import CHART
from helm_values import NAMES

REMEDY = "the chart changed; run `make manifests` and commit what it writes"


def test_manifests_are_printed_from_the_chart() -> None:
    printed = {str(path): text for path, text in print_manifests.files().items()}
    lying = {
        str(path.relative_to(print_manifests.MANIFESTS)): path.read_text(encoding="utf-8")
        for path in print_manifests.MANIFESTS.rglob("*")
        if path.is_file()
    }
    assert lying.keys() == printed.keys(), REMEDY
    assert [name for name in printed if printed[name] != lying[name]] == [], REMEDY


def test_readme_and_schema_are_printed_from_the_values() -> None:
    stale = [
        path.name
        for path, text in values_docs.outputs().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], REMEDY


@pytest.mark.parametrize("name", NAMES)
def test_kustomize_builds_what_helm_renders(name: str) -> None:
    folder = "base" if name == "default" else f"overlays/{name}"
    done = subprocess.run(
        [binary("kubectl"), "kustomize", print_manifests.MANIFESTS / folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built = {
        print_manifests.key_of(one): one for one in yaml.load_all(done.stdout, yaml.CSafeLoader)
    }
    built.pop(("v1", "Namespace", "harmony-speech"))
    values = () if name == "default" else (CHART / "ci" / f"{name}-values.yaml",)
    assert built == print_manifests.objects(*values)


def test_the_chart_and_the_project_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{chart["appVersion"]}"\n' in project
    assert chart["version"] == chart["appVersion"]
