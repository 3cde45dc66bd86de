"""docs/voices.md does what it says: its commands run, by curl and by the official client."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_page import DocPage, output_of
from fake_client import FakeClient
from http_threads import serving_limited
from ingress_app import heard, make_app
from voice_clients import recording

from contract.tasks import SpeakInput
from ingress.settings import Settings

PAGE = DocPage("voices.md")
KEY = "a key of the page"


@pytest.fixture
def models() -> FakeClient:
    return FakeClient()


@pytest.fixture
def environment(models: FakeClient, tmp_path: Path) -> Iterator[dict[str, str]]:
    for name in ("consent.wav", "sample.wav"):
        (tmp_path / name).write_bytes(recording())
    given = {"api_keys": KEY, "voices_db": f"sqlite:///{tmp_path}/voices.sqlite3", "decoders": 1}
    with serving_limited(make_app(models, **given), Settings(decoders=1)) as url:
        yield os.environ | {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": KEY}


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="the page's commands need curl and jq"
)
def test_the_commands_store_a_voice_speak_in_it_and_delete_it(
    environment: dict[str, str], models: FakeClient, tmp_path: Path
) -> None:
    script = f"set -euo pipefail\n{PAGE.block('sh')}"
    printed = output_of(["bash", "-c", script], environment, tmp_path)
    assert printed.count('"deleted":true') == 2
    assert '"name": "Ann, 3 May"' in printed
    assert_ann_speaks(models, tmp_path)


def test_the_program_does_the_same(
    environment: dict[str, str], models: FakeClient, tmp_path: Path
) -> None:
    printed = output_of([sys.executable, "-c", PAGE.block("python")], environment, tmp_path)
    assert "Ann, until June en-US" in printed
    assert_ann_speaks(models, tmp_path)


def assert_ann_speaks(models: FakeClient, folder: Path) -> None:
    assert heard((folder / "ann.mp3").read_bytes()).duration_s > 0.5
    spoken = models.requests[-1]
    assert isinstance(spoken, SpeakInput)
    assert (spoken.text, spoken.mode) == ("Good morning.", "voice_cloning")
