"""The command line as an operator uses it: what it prints, and its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from contract.model_types import MODEL_TYPES
from harmony.cli import app

ROOT = Path(__file__).parents[2]
GOOD = """
model_configs:
  - {name: vad, model: silero-vad, model_type: SileroVAD}
"""


@pytest.fixture
def run(tmp_path):
    def run(*arguments: str, config: str | None = None):
        extra = []
        if config is not None:
            file = tmp_path / "config.yml"
            file.write_text(config)
            extra = [str(file)]
        return CliRunner().invoke(app, [*arguments, *extra])

    return run


def test_a_valid_file_is_summed_up(run):
    result = run("validate", config=GOOD)
    assert result.exit_code == 0
    assert result.stdout.strip() == "valid: 1 models; toolchains: none"


def test_the_repositorys_own_configuration_is_valid(run):
    result = run("validate", str(ROOT / "config.yml"))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("model_configs: []", "model_configs"),
        (GOOD.replace("silero-vad,", "silero-vad, modle: x,"), "(vad): modle: unknown key"),
        (GOOD.replace("SileroVAD", "Nonsense"), "vad: model_type 'Nonsense' is unknown"),
        ("a: [", "not YAML"),
        (GOOD.replace("}", ", device_config: {device: tpu}}"), "device_config.device"),
        (GOOD.replace("}", ", options: {treshold: 1}}"), "vad: options.treshold is unknown"),
        (GOOD + "  - {name: vad, model: m, model_type: SileroVAD}\n", "used twice"),
    ],
)
def test_a_wrong_file_names_entry_key_and_remedy(run, config, words):
    result = run("validate", config=config)
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("path", ["nowhere.yml", "."])
def test_a_file_that_cannot_be_read_is_named(run, path):
    result = run("validate", path)
    assert result.exit_code == 1
    assert f"cannot read {path}: " in result.stderr


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_that_is_none_is_refused_before_anything_starts(run, port):
    result = run("serve", "--config", str(ROOT / "config.yml"), "--port", port)
    assert result.exit_code == 2
    assert "--port" in result.stderr
    assert "Traceback" not in result.output


def test_every_model_type_is_listed_with_its_task(run):
    lines = run("models").stdout.splitlines()
    listed = {line.split()[0]: line.split()[1] for line in lines[1:]}
    assert listed["FasterWhisper"] == "transcribe"
    assert listed["PiperSynthesizer"] == "synthesize"


def test_the_licence_of_every_model_type_is_listed(run):
    listed = {line.split()[0]: line for line in run("models").stdout.splitlines()[1:]}
    assert "GPL-3.0-or-later" in listed["PiperSynthesizer"]
    assert "MIT" in listed["FasterWhisper"]
    assert all(spec.license and spec.license in listed[name] for name, spec in MODEL_TYPES.items())


@pytest.mark.weights
def test_pull_tries_what_it_fetched(run):
    result = run("pull", "--config", config=GOOD)
    assert result.exit_code == 0, result.output
    assert "vad: ready in" in result.stdout
    assert "1 of 1 models are here and answer" in result.stdout


def test_pull_tells_what_is_missing_and_fails(run):
    result = run("pull", "--config", config=GOOD.replace("model: silero-vad", "model: ./nowhere"))
    assert result.exit_code == 1
    assert "vad: failed:" in result.stdout
    assert "0 of 1 models" in result.stdout
