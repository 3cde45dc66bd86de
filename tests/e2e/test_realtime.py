"""The realtime socket on real weights: the ingress and two predictors as processes of their own."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
from clips import jfk
from raw_http import wait_until
from realtime_server import append, of_kind, session, until
from served import Server, free_port, running

pytestmark = pytest.mark.weights
ROOT = Path(__file__).parents[2]
MODELS = ("whisper-tiny-en", "silero-vad")
WORDS = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)
DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
HALF_A_SECOND = np.zeros(12_000, "<i2")


def recording() -> np.ndarray[Any, np.dtype[np.int16]]:
    speech = (np.clip(jfk(24_000), -1, 1) * 32767).astype("<i2")
    return np.concatenate([HALF_A_SECOND, speech, HALF_A_SECOND, HALF_A_SECOND])


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


@contextmanager
def predictor(name: str, port: int, folder: Path) -> Iterator[Server]:
    ports = (port, free_port())
    command = [sys.executable, "-m", "predictors", "--config", str(ROOT / "config.yml")]
    command += ["--name", name, "--http_port", str(port), "--grpc_port", str(ports[1])]
    with running(command, folder / f"{name}.log", ports) as started:
        started.wait_until_ready(name)
        yield started


@contextmanager
def ingress(urls: dict[str, str], folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "ingress", "--config", str(ROOT / "config.yml")]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    settings = {"SPEECH_PREDICTOR_URLS": json.dumps(urls), "SPEECH_ATTEMPTS": "2"}
    with running(command, folder / "ingress.log", (port, port), **settings) as started:
        wait_until(lambda: "running on" in started.log, 60)
        yield started


async def test_speech_is_written_down_and_a_dead_predictor_costs_no_session(tmp_path: Path) -> None:
    ports = {name: free_port() for name in MODELS}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    turns = {"type": "server_vad", "silence_duration_ms": 300}
    with ingress(urls, tmp_path) as server:
        query = {"model": MODELS[0]}
        async with session(server.url, query=query, turn_detection=turns) as connection:
            with (
                predictor(MODELS[1], ports[MODELS[1]], tmp_path),
                predictor(MODELS[0], ports[MODELS[0]], tmp_path),
            ):
                await append(connection, recording(), ms=200)
                texts: list[str] = []
                while jiwer.wer(WORDS, words(" ".join(texts)) or "-") > 0.15:
                    texts.append((await until(connection, COMPLETED, 60))[-1].transcript)
            await append(connection, recording()[: 24_000 * 4])  # both are gone
            failed = (await until(connection, FAILED, 60))[-1]
            assert failed.error.code in ("not_reached", "circuit_open", "connection_lost")
            with predictor(MODELS[0], ports[MODELS[0]], tmp_path):
                heard = ""
                while "americans" not in heard:  # until the ingress has seen that it is back
                    await append(connection, recording()[: 24_000 * 4])
                    events = await until(connection, "conversation.item.done", 60)
                    while events[-1].type not in (COMPLETED, FAILED):
                        events.append(await connection.recv())
                    heard += "".join(words(one.transcript) for one in of_kind(events, COMPLETED))
