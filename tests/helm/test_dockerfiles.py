"""The images, as far as they can be checked without a container engine."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from binaries import REPOSITORY
from chart import CHART

from contract.model_types import MODEL_TYPES

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
        assert f"COPY --from={target}-needs /app /app" in stages[target]
        assert f'CMD ["python", "-m", "{MODULES[target]}"' in stages[target]


def test_the_two_files_differ_in_what_predictors_need_only() -> None:
    cpu, gpu = _stages("Dockerfile.cpu"), _stages("Dockerfile.gpu")
    for stage in ("python", "build", "ours", "runtime"):
        assert cpu[stage] == gpu[stage], stage
    assert gpu["predictor"].endswith(cpu["predictor"].lstrip("\n"))


@pytest.mark.parametrize("name", FILES)
def test_a_change_of_code_leaves_the_layer_of_requirements_as_it_is(name: str) -> None:
    """Code reaches an image by its last copy, and no stage of requirements has seen it."""
    stages = _stages(name)
    for stage in [one for one in stages if one == "build" or one.endswith("-needs")]:
        copied = re.findall(r"^COPY (.+) \S+$", stages[stage], flags=re.MULTILINE)
        assert set(" ".join(copied).split()) <= {
            ".ci/requirements.py",
            "pyproject.toml",
            "constraints.txt",
        }
    for target in stages.keys() & MODULES.keys():
        copies = re.findall(r"^COPY --from=(\S+)", stages[target], flags=re.MULTILINE)
        assert copies == [f"{target}-needs", "ours"]


def test_the_base_can_be_given_by_digest_or_be_an_image_of_ones_own() -> None:
    for name in FILES:
        assert re.search(r"^ARG BASE=\S+\nFROM \$\{BASE\} AS python$", _text(name), re.MULTILINE)


def test_every_image_of_a_build_rests_on_the_base_that_was_named() -> None:
    base = f"python:3.11-slim-bookworm@sha256:{'0' * 64}"
    done = subprocess.run(
        ["make", "-n", "-C", REPOSITORY, "image", "image-gpu", f"BASE={base}"],
        capture_output=True,
        text=True,
        check=True,
    )
    builds = [line for line in done.stdout.splitlines() if " build " in line]
    assert len(builds) == 6
    assert all(f"--build-arg BASE={base} " in line for line in builds)


def test_only_predictors_get_model_libraries() -> None:
    stages = _stages("Dockerfile.cpu")
    assert "kserve" not in stages["ingress-needs"]
    assert "requirements.py discovery kserve otel redis >" in stages["transformer-needs"]


def test_the_requirements_of_an_extra_hold_those_of_the_extras_it_names() -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / ".ci" / "requirements.py", "whisper", "redis"],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    names = {re.match(r"[A-Za-z0-9_.-]+", line)[0] for line in done.stdout.splitlines()}
    assert {"fastapi", "kserve", "faster-whisper", "redis"} <= names
    assert not {"torch", "harmony-speech", "piper-tts"} & names


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


@pytest.mark.parametrize("name", MODEL_TYPES)
def test_the_image_of_a_model_type_is_the_smallest_with_what_it_needs(name: str) -> None:
    one = MODEL_TYPES[name]
    extras = _extras_by_image()
    assert set(one.extra.split(",")) <= extras[one.image]
    assert ("torch" in one.packages) == (one.image == "torch")


def _extras_by_image() -> dict[str, set[str]]:
    """What `make image` gives to each image of a predictor, with the extras that those name."""
    done = subprocess.run(
        ["make", "-n", "-C", REPOSITORY, "image"], capture_output=True, text=True, check=True
    )
    built = re.findall(r'EXTRAS="([^"]+)".*predictor-(\w+):', done.stdout)
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    return {
        image: _closure(extras.split(), project["optional-dependencies"]) for extras, image in built
    }


def _closure(extras: list[str], optional: dict[str, list[str]]) -> set[str]:
    found = set(extras)
    for extra in extras:
        for own in re.findall(r"harmony-speech\[(.+)\]", "\n".join(optional[extra])):
            found |= _closure(own.split(","), optional)
    return found


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
