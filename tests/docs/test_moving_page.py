"""docs/moving-from-openai.md does what it says: by curl, and by the official client."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_page import DocPage, output_of
from fake_client import TEXT, FakeClient
from http_threads import serving_limited
from ingress_app import heard, make_app, wav
from openai.types.audio.transcription_create_params import TranscriptionCreateParamsNonStreaming

from ingress.selection import OPENAI_SPEECH_MODELS, OPENAI_TRANSCRIPTION_MODELS
from ingress.settings import Settings

PAGE = DocPage("moving-from-openai.md")


@pytest.fixture
def models() -> FakeClient:
    return FakeClient()


@pytest.fixture
def environment(models: FakeClient, tmp_path: Path) -> Iterator[dict[str, str]]:
    (tmp_path / "reference.wav").write_bytes(wav(4.0))
    with serving_limited(make_app(models, decoders=1), Settings(decoders=1)) as url:
        yield os.environ | {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "any"}


@pytest.mark.skipif(not shutil.which("curl"), reason="the page's commands need curl")
def test_the_commands_speak_and_transcribe(environment: dict[str, str], tmp_path: Path) -> None:
    script = f"set -euo pipefail\n{PAGE.block('sh')}"
    printed = output_of(["bash", "-c", script], environment, tmp_path)
    assert heard((tmp_path / "speech.mp3").read_bytes()).duration_s > 1
    assert printed.count(TEXT) == 3
    assert "00:00:00,000 --> 00:00:00,900" in printed
    assert '"speaker":"A"' in printed
    assert '"gpt-4o-transcribe-diarize"' in printed


def test_the_program_does_the_same(
    environment: dict[str, str], models: FakeClient, tmp_path: Path
) -> None:
    printed = output_of([sys.executable, "-c", PAGE.block("python")], environment, tmp_path)
    assert "Ann: Ask not what\nB: your country can do." in printed
    assert "english" in printed
    assert models.requests[-1].known_speaker_names == ("Ann",)


def test_every_model_name_and_every_field_is_on_the_page() -> None:
    page = PAGE.text
    for name in (*OPENAI_SPEECH_MODELS, *OPENAI_TRANSCRIPTION_MODELS):
        assert f"`{re.sub(r'-[0-9]{4}-[0-9]{2}-[0-9]{2}$', '', name)}`" in page
    fields = TranscriptionCreateParamsNonStreaming.__annotations__
    for field in fields:
        assert f"`{field}" in page, field
