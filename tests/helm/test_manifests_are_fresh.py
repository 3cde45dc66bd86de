"""What is printed from the chart is what lies in the repository, and kubectl can read it."""

import subprocess

import print_manifests
import pytest
import values_docs
import yaml
from binaries import binary

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


@pytest.mark.parametrize("name", print_manifests.PRINTED)
def test_kustomize_builds_what_helm_renders(name, tmp_path) -> None:
    file = print_manifests.MANIFESTS / f"{name}.yaml"
    (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "kustomization.yaml").write_text(f"resources: [{file.name}]\n", encoding="utf-8")
    done = subprocess.run(
        [binary("kubectl"), "kustomize", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    built = {_key(one): one for one in yaml.safe_load_all(done.stdout)}
    rendered = {_key(one): one for one in print_manifests.objects(name)}
    assert built.pop(("Namespace", "harmony-speech"))
    assert built == rendered


def _key(item: print_manifests.Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]
