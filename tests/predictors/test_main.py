"""`python -m predictors` refuses wrong arguments in words, before it opens a port."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from predictors.server import main

ENTRY = {"name": "vad", "model": "silero-vad", "model_type": "SileroVAD"}


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_no_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--config" in refusal([], capsys)


def test_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot read nowhere.yml" in refusal(["--config", "/some/nowhere.yml"], capsys)


def test_unknown_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yml"
    path.write_text(json.dumps({"model_configs": [ENTRY]}))
    said = refusal(["--config", str(path), "--name", "whisper"], capsys)
    assert "--name whisper is not configured; known: vad" in said


def test_argument_that_is_not_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--model_config is not JSON" in refusal(["--model_config", "{name: vad"], capsys)


def test_unknown_key(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(["--model_config", json.dumps(ENTRY | {"colour": "red"})], capsys)
    assert "colour: unknown key" in said


def test_unknown_model_type(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(["--model_config", json.dumps(ENTRY | {"model_type": "Nothing"})], capsys)
    assert "model_type 'Nothing' is unknown" in said


def test_wrong_setting(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_MAX_QUEUE", "many")
    assert "SPEECH_MAX_QUEUE" in refusal(["--model_config", json.dumps(ENTRY)], capsys)
