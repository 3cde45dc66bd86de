"""LiveKit Agents and Pipecat against `harmony serve`, unmodified, from an environment of their own.

`make test` makes it: .venv-agents, from tests/e2e/voice_agents/requirements.txt.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest
from clips import jfk
from served import Server, free_port, running

pytestmark = pytest.mark.weights
ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "voice_agents"
PYTHON = Path(os.environ.get("VOICE_AGENTS_PYTHON") or ROOT / ".venv-agents/bin/python")
MODEL, KEY = "whisper-tiny-en", "sk-agent"
WORDS = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not PYTHON.exists():
        pytest.skip("LiveKit and Pipecat are not installed; `make test` puts them in .venv-agents")
    port = free_port()
    command = [sys.executable, "-c", "from harmony.cli import main; main()"]
    command += ["serve", "--config", str(ROOT / "config.yml"), "--port", str(port)]
    log = tmp_path_factory.mktemp("agents") / "log"
    with running(command, log, (port, port), SPEECH_API_KEYS=KEY) as started:
        while f"loaded {MODEL}" not in started.log:
            assert started.process.poll() is None, started.log
            time.sleep(0.1)
        yield started


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "jfk.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((np.clip(jfk(24_000), -1, 1) * 32767).astype("<i2").tobytes())
    return path


def printed(program: str, address: str, recording: Path) -> list[dict[str, str]]:
    """What a program heard, one object for each of its events."""
    command = [str(PYTHON), str(PROGRAMS / program), address, KEY, MODEL, str(recording)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def test_livekit_agents_hear_turns_and_interim_text(server: Server, recording: Path) -> None:
    events = printed("livekit_stt.py", f"{server.url}/v1", recording)
    kinds = [event["type"] for event in events]
    assert kinds[0] == "start_of_speech"
    assert {"interim_transcript", "end_of_speech", "final_transcript"} <= set(kinds)
    finals = [event["text"] for event in events if event["type"] == "final_transcript"]
    assert jiwer.wer(WORDS, words(" ".join(finals))) < 0.15


def test_pipecat_hears_interim_text_and_ends_turns_itself(server: Server, recording: Path) -> None:
    url = server.url.replace("http", "ws", 1) + "/v1/realtime"
    events = printed("pipecat_stt.py", url, recording)
    assert {event["type"] for event in events} == {
        "InterimTranscriptionFrame",
        "TranscriptionFrame",
    }
    assert jiwer.wer(WORDS, words(events[-1]["text"])) < 0.15
