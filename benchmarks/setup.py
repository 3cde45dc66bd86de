"""What every measurement is given: how often, with which interpreters, and one server for all."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from benchmarks import material
from benchmarks.server import Server, free_port, harmony, running

CLIENTS = 8
_TIMEOUT_S = 600
_WAV_HEADER = 44


class Missing(RuntimeError):
    """What a section measures on or with is not here."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server of others, and the names of its models, where it has them."""

    url: str
    voice: str | None
    whisper: str | None


@dataclass(frozen=True, slots=True)
class Setup:
    rounds: int
    folder: Path
    """For logs and configurations; removed afterwards."""
    lean_python: str | None
    """An interpreter without torch that has the `embedded` extra, as `make serve` installs it."""
    device: str = "cuda"
    """Where the sections for a GPU measure; `cpu`: with small networks, so that what is left is
    everything but the networks."""
    original_python: str | None = None
    """An interpreter with what `originals` compares with, and with our dependencies."""
    peer: Peer | None = None


@contextmanager
def served(setup: Setup) -> Iterator[tuple[Server, httpx.Client]]:
    """`harmony serve` with the benchmark's models in memory, and a client that knows its URL."""
    config, port = setup.folder / "config.yml", free_port()
    config.write_text(yaml.safe_dump(material.configuration()), encoding="utf-8")
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=CLIENTS)
    with running(harmony(sys.executable, config, port), port, setup.folder) as server:
        server.wait_for("/health/ready")
        with httpx.Client(
            base_url=server.url, timeout=_TIMEOUT_S, limits=limits, trust_env=False
        ) as http:
            _wake(http)
            yield server, http


def _wake(http: httpx.Client) -> None:
    """Models load one by one after the server listens; loading must not be measured."""
    for model in (material.WHISPER, material.FULL_WINDOW):
        transcribe(http, model, material.clips()["2 s clip"])
    speak(http, material.SENTENCE, "wav")


def transcribe(http: httpx.Client, model: str, file: bytes) -> str:
    """The text of a recording, by the public API. Raises httpx.HTTPStatusError."""
    answer = http.post(
        "/v1/audio/transcriptions",
        data={"model": model, "language": "en"},
        files={"file": ("clip", file)},
    )
    text: str = answer.raise_for_status().json()["text"]
    return text


def speak(http: httpx.Client, text: str, file_format: str, model: str = material.VOICE) -> bytes:
    """A text as a file of sound, by the public API. Raises httpx.HTTPStatusError."""
    body = {"model": model, "voice": "joe", "input": text, "response_format": file_format}
    return http.post("/v1/audio/speech", json=body).raise_for_status().content


def first_sound_s(
    http: httpx.Client, text: str, file_format: str, model: str = material.VOICE, voice: str = "joe"
) -> float:
    """Seconds until more than a header has come. The rest is read, so that the server is idle
    again for the next."""
    body = {"model": model, "voice": voice, "input": text, "response_format": file_format}
    started, received, first_s = time.perf_counter(), 0, 0.0
    with http.stream("POST", "/v1/audio/speech", json=body) as answer:
        for chunk in answer.raise_for_status().iter_bytes():
            received += len(chunk)
            if not first_s and received > _WAV_HEADER:
                first_s = time.perf_counter() - started
    return first_s
