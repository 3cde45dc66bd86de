"""The images, as far as they can be checked without a container engine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from binaries import REPOSITORY
from chart import CHART

FILES = ("Dockerfile.cpu", "Dockerfile.gpu")
MODULES = {"ingress": "ingress", "transformer": "transformer", "predictor": "predictors"}


def _text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def _stages(name: str) -> dict[str, str]:
    """What every stage says, by its name."""
    parts = re.split(r"^FROM \S+ AS (\S+)$", _text(name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", FILES)
def test_the_linter_finds_nothing(name: str) -> None:
    done = subprocess.run(
        [
            Path(sys.executable).with_name("hadolint"),
            "--failure-threshold",
            "style",
            REPOSITORY / name,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", FILES)
def test_images_are_locked_and_run_as_the_user_of_the_pods(name: str) -> None:
    stages = _stages(name)
    installs = [line for line in _text(name).splitlines() if "pip install" in line]
    assert installs
    assert all("-c constraints.txt" in line for line in installs)
    assert "USER 65532:65532" in stages["runtime"]
    for target in stages.keys() & {"ingress", "transformer", "predictor"}:
        assert f"COPY --from={target}-build /app /app" in stages[target]
        assert f'CMD ["python", "-m", "{MODULES[target]}"' in stages[target]


def test_the_two_files_differ_in_base_and_targets_only() -> None:
    cpu, gpu = _stages("Dockerfile.cpu"), _stages("Dockerfile.gpu")
    assert cpu["runtime"] == gpu["runtime"]
    assert cpu["predictor"] == gpu["predictor"]
    assert cpu["source"].replace("python -m venv", "python3 -m venv") == gpu["source"]


def test_only_predictors_get_model_libraries() -> None:
    stages = _stages("Dockerfile.cpu")
    assert "torch" not in stages["ingress-build"] + stages["transformer-build"]
    assert "kserve" not in stages["ingress-build"]


def test_make_builds_every_image_of_the_chart() -> None:
    """The names in values.yaml are the tags that `make image` and `make image-gpu` set."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["images"]
    done = subprocess.run(
        ["make", "-n", "-C", REPOSITORY, "image", "image-gpu"],
        capture_output=True,
        text=True,
        check=True,
    )
    tags = set(re.findall(r"-t (\S+) ", done.stdout))
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    built = {name for key, name in values["repositories"].items() if key != "rocm"}
    wanted = {f"dev.local/{name}:{version}" for name in built}
    assert tags == wanted


def test_the_builder_gets_sources_and_nothing_else() -> None:
    kept = {
        line[1:].rstrip("/") for line in _text(".dockerignore").splitlines() if line.startswith("!")
    }
    copied = {
        word.rstrip("/")
        for name in FILES
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", _text(name), flags=re.MULTILINE)
        for word in line.split()
    }
    assert kept == copied
    assert "\n*\n" in _text(".dockerignore")
