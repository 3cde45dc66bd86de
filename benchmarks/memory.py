"""Does `harmony serve` keep its size under mixed requests?

python -m benchmarks.memory [--requests 3000] [--clients 4]

config.yml as it is, all six models: texts at several speeds and in several formats, recordings with
and without word times, noise taken out; mostly short ones, so that 3,000 take two quiet cores less
than ten minutes. Memory is looked at after the first hundred and after the last, when the models
have been idle for some seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from benchmarks import material
from benchmarks.figures import Line, machine, table
from benchmarks.server import Server, free_port, harmony, running

_FIRST = 100
_PART = 100
_IDLE_S = 8.0
_MOST_GROWTH, _MOST_MB = 1.3, 800.0
_SPEEDS = (0.5, 1.0, 1.0, 2.0)
_FORMATS = ("wav", "mp3", "opus", "pcm")
_KOKORO_SHARE = 0.1
"""Of what is spoken; the rest is Piper's."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table. Returns 1 when an aim is missed."""
    parser = argparse.ArgumentParser("python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--clients", type=int, default=4)
    chosen = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server ends with us
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = harmony(sys.executable, material.CONFIG, port)
        with running(command, port, Path(folder), {"SPEECH_CACHE_MB": "0"}) as server:
            server.wait_for("/health/ready")
            lines = _lines(server, chosen.requests, chosen.clients)
    print(table(f"Memory under {chosen.requests} mixed requests", lines))
    return 1 if any(line.is_met is False for line in lines) else 0


def _lines(server: Server, requests: int, clients: int) -> list[Line]:
    at_start = server.memory_mb()
    asyncio.run(_ask(server.url, _FIRST, clients, seed=0))
    time.sleep(_IDLE_S)
    first = server.memory_mb()
    for part, count in enumerate(_parts(requests), start=1):
        asyncio.run(_ask(server.url, count, clients, seed=part))
        print(f"… {min(part * _PART, requests)}: {server.memory_mb():.0f} MB", file=sys.stderr)
    busy = server.memory_mb()
    time.sleep(_IDLE_S)
    last = server.memory_mb()
    return [
        Line("models ready", "MB", at_start),
        Line(f"after {_FIRST} requests", "MB", first),
        Line(f"after {requests} more, at once", "MB", busy),
        Line("… and when idle", "MB", last, limit=_MOST_MB),
        Line("… against the first hundred", "ratio", last / first, limit=_MOST_GROWTH),
    ]


def _parts(requests: int) -> list[int]:
    """As many requests, in parts that tell how far it is."""
    return [min(_PART, requests - done) for done in range(0, requests, _PART)]


async def _ask(url: str, requests: int, clients: int, *, seed: int) -> None:
    """Raises httpx.HTTPStatusError when one fails: what is not answered takes no memory."""
    chance = random.Random(seed)
    clips = list(material.clips().values())
    waiting = iter(range(requests))

    async def client() -> None:
        for _ in waiting:
            answer = await _one(http, chance, clips)
            answer.raise_for_status()

    async with (
        httpx.AsyncClient(base_url=url, timeout=600, trust_env=False) as http,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(clients):
            group.create_task(client())


async def _one(
    http: httpx.AsyncClient, chance: random.Random, clips: Sequence[bytes]
) -> httpx.Response:
    (ask,) = chance.choices((_transcribe, _speak, _denoise), (45, 50, 5))
    return await ask(http, chance, clips)


async def _transcribe(
    http: httpx.AsyncClient, chance: random.Random, clips: Sequence[bytes]
) -> httpx.Response:
    data = {"model": material.WHISPER}
    if chance.random() < 0.5:
        data |= {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
    (clip,) = chance.choices(clips, (9, 1))
    return await http.post("/v1/audio/transcriptions", data=data, files={"file": ("clip", clip)})


async def _speak(
    http: httpx.AsyncClient, chance: random.Random, clips: Sequence[bytes]
) -> httpx.Response:
    (text,) = chance.choices(material.TEXTS, (85, 13, 2))
    is_kokoro = chance.random() < _KOKORO_SHARE
    body = {
        "model": "kokoro" if is_kokoro else material.VOICE,
        "voice": "af_heart" if is_kokoro else "joe",
        "input": material.SENTENCE if is_kokoro else text,
        "speed": chance.choice(_SPEEDS),
        "response_format": chance.choice(_FORMATS),
    }
    return await http.post("/v1/audio/speech", json=body)


async def _denoise(
    http: httpx.AsyncClient, chance: random.Random, clips: Sequence[bytes]
) -> httpx.Response:
    recording = base64.b64encode(clips[0]).decode()
    body = {"model": "deepfilternet", "source_audio": recording}
    return await http.post("/v1/audio/convert", json=body)


if __name__ == "__main__":
    sys.exit(main())
