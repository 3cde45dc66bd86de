"""openai-node and the Vercel AI SDK, run by Node.js against the ingress over HTTP.

Their packages are installed by npm into a temporary folder, at the versions of the lock file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_client import TEXT, FakeClient
from http_threads import serving
from ingress_app import make_app, wav

CLIENTS = Path(__file__).parent / "node_clients"
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
RIFF, FLAC = b"RIFF".hex(), b"fLaC".hex()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs with their packages. Skips where there is no Node.js or no package registry."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    made = tmp_path_factory.mktemp("node") / "clients"
    shutil.copytree(CLIENTS, made, ignore=shutil.ignore_patterns("node_modules"))
    (made / "speech.wav").write_bytes(wav())
    try:
        done = subprocess.run(INSTALL, cwd=made, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install the clients within two minutes")
    if done.returncode != 0:
        pytest.skip(f"npm could not install the clients: {done.stderr[-300:]}")
    return made


@pytest.fixture
def models() -> FakeClient:
    return FakeClient()


@pytest.fixture
def url(models: FakeClient) -> Iterator[str]:
    with serving(make_app(models)) as address:
        yield address


def printed(folder: Path, program: str, url: str) -> dict[str, Any]:
    """What a program got from the server."""
    command = ["node", program, url, "speech.wav"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_openai_node(folder: Path, url: str) -> None:
    got = printed(folder, "openai_node.mjs", url)
    assert (got["wav"], got["withInstructions"]) == (RIFF, FLAC)
    assert set(got["events"][:-1]) == {"speech.audio.delta"}
    assert got["events"][-1] == "speech.audio.done"
    assert (got["json"], got["deltas"], got["done"]) == (TEXT, TEXT, TEXT)
    assert (got["language"], got["words"]) == ("english", len(TEXT.split()))
    assert (got["tokens"], got["languages"]) == (TEXT, ["en"])
    assert got["error"] == {"name": "BadRequestError", "param": "voice", "status": 400}
    assert {"piper", "whisper", "tts-1", "gpt-transcribe"} <= set(got["models"])


def test_vercel_ai_sdk(folder: Path, url: str, models: FakeClient) -> None:
    got = printed(folder, "vercel_ai.mjs", url)
    assert got["speech"] == RIFF
    assert (got["plain"], got["withOptions"]) == (TEXT, TEXT)
    assert [text for text, _, _ in got["segments"]] == TEXT.split()
    assert (got["language"], got["duration"]) == ("en", 3)
    assert models.requests[-2].prompt == "A speech."
