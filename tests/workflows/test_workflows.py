"""GitHub's workflows run nothing that a developer could not run here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands(workflow: Path) -> list[str]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    scripts = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    return [line for script in scripts for line in script.splitlines() if line.strip()]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_is_a_make_target_or_the_ci_script(workflow: Path) -> None:
    for command in commands(workflow):
        words = command.split()
        if words[0] == "make":
            assert words[1] in TARGETS, command
            assert not {"|", "&&", ";"} & set(words), command
        else:
            assert command == "bash .ci/run", command


def test_all_that_a_release_publishes_is_signed_by_digest_and_has_a_bill_of_materials() -> None:
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    job = yaml.safe_load(release)["jobs"]["publish"]
    scripts = [" ".join(step["run"].split()) for step in job["steps"] if "run" in step]
    assert job["defaults"]["run"]["shell"] == "bash"  # with pipefail: what fails before | fails
    for images in (one for one in scripts if one.startswith("make image") and "--push" in one):
        assert "--sbom=true" in images
    assert {"make image-sign", "make chart-sign"} <= set(scripts)
    builds = [step for step in job["steps"] if "--push" in step.get("run", "")]
    assert [step["env"]["BASE"] for step in builds] == ["${{ steps.image.outputs.base }}"] * 2
    assert 'make image-base >> "$GITHUB_OUTPUT"' in scripts


def test_every_image_of_the_release_is_signed(tmp_path: Path) -> None:
    signed = tmp_path / "signed"
    recorder = tmp_path / "cosign"
    recorder.write_text(f'#!/bin/sh\necho "$@" >> {signed}\n')
    recorder.chmod(0o755)
    made = _make("image-sign", f"COSIGN={recorder}", "REGISTRY=registry.example.com/team")
    assert made.returncode == 0, made.stderr
    names = _make("image-names", "REGISTRY=registry.example.com/team").stdout.split()
    assert len(names) == 6
    assert signed.read_text().splitlines() == [f"sign --yes --recursive {one}" for one in names]


def test_an_image_that_cannot_be_signed_stops_the_release() -> None:
    assert _make("image-sign", "COSIGN=false").returncode != 0


def test_charts_are_signed_and_attested_by_what_was_pushed() -> None:
    recipe = _make("-n", "chart-sign", "REGISTRY=registry.example.com/team").stdout
    assert "push_charts.py registry.example.com/team | while read -r chart sbom" in recipe
    assert 'cosign sign --yes "$chart"' in recipe
    assert 'cosign attest --yes --type cyclonedx --predicate "$sbom" "$chart"' in recipe


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-s", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_follow_the_public_schema(workflow: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.github-workflows", workflow]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit(workflow: Path) -> None:
    used = re.findall(r"uses: (\S+)", workflow.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", action), action


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_job_has_a_time_limit_and_says_what_it_may_do(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text())
    assert content["permissions"] == {}
    for name, job in content["jobs"].items():
        assert job["timeout-minutes"] <= 120, name
        assert "contents" in job["permissions"], name
