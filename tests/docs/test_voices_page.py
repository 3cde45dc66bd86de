"""docs/voices.md does what it says: its commands run, by curl and by the official client."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_client import FakeClient
from http_threads import serving_limited
from ingress_app import heard, make_app
from voice_clients import recording

from contract.tasks import SpeakInput
from ingress.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "voices.md"
KEY = "a key of the page"


def block(language: str) -> str:
    """The first block of this language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


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


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="the page's commands need curl and jq"
)
def test_the_commands_store_a_voice_speak_in_it_and_delete_it(
    environment: dict[str, str], models: FakeClient, tmp_path: Path
) -> None:
    script = f"set -euo pipefail\n{block('sh')}"
    printed = run(["bash", "-c", script], environment, tmp_path)
    assert printed.count('"deleted":true') == 2
    assert '"name": "Ann, 3 May"' in printed
    assert_ann_speaks(models, tmp_path)


def test_the_program_does_the_same(
    environment: dict[str, str], models: FakeClient, tmp_path: Path
) -> None:
    printed = run([sys.executable, "-c", block("python")], environment, tmp_path)
    assert "Ann, until June en-US" in printed
    assert_ann_speaks(models, tmp_path)


def assert_ann_speaks(models: FakeClient, folder: Path) -> None:
    assert heard((folder / "ann.mp3").read_bytes()).duration_s > 0.5
    spoken = models.requests[-1]
    assert isinstance(spoken, SpeakInput)
    assert (spoken.text, spoken.mode) == ("Good morning.", "voice_cloning")
