"""Are innocents answered while others attack? READ FIRST: attacks.py says how.

python -m benchmarks.soak [--minutes 10]

An ingress before one predictor process with two models, and before a third model that hangs. Every
attack runs all the time. Prints what became of innocents, of attackers, of /health, and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks import material
from benchmarks.attacks import ATTACKS, Target, opus
from benchmarks.figures import Line, machine, percentile, table
from benchmarks.health_watch import watched
from benchmarks.server import Server, free_port, running

HUNG = "hung"
_EVERY_S, _CALM_S = 1.0, 10.0
_HEALTH_LIMIT_MS = 100
_LONG_S, _SHORT_FRAMES_S = 2400, 600


@dataclass
class Innocents:
    """What those got who only wanted a short answer."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    refused: int = 0
    failed: int = 0

    def note(self, task: str, status: int, seconds: float) -> None:
        if status == 200:
            self.seconds.setdefault(task, []).append(seconds)
        elif status == 429:
            self.refused += 1
        else:
            self.failed += 1


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables. Returns 1 when an aim is missed."""
    parser = argparse.ArgumentParser("python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args(argv).minutes
    print(machine())
    with tempfile.TemporaryDirectory() as folder, _system(Path(folder)) as (ingress, target):
        memory = [ingress.memory_mb()]
        with watched(ingress.url) as calm:
            time.sleep(_CALM_S)
        with watched(ingress.url) as health:
            innocents = asyncio.run(soak(target, 60 * minutes))
        memory.append(ingress.memory_mb())
    lines = [*_lines(innocents), *_health_lines(calm, health)]
    lines += [Line("ingress, memory before", "MB", memory[0]), Line("… after", "MB", memory[1])]
    print(table(f"{minutes:g} minutes under attack", lines))
    for name, count in sorted(target.answers.items()):
        print(f"{count:7} {name}")
    return 1 if any(line.is_met is False for line in lines) else 0


async def soak(target: Target, seconds: float) -> Innocents:
    """Every attack at once, and two innocents who ask once a second."""
    innocents = Innocents()
    attacks = [asyncio.create_task(attack(target)) for attack in ATTACKS]
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(
                _again(innocents, "transcribe", _transcribe, target),
                _again(innocents, "speak", _speak, target),
            )
    except TimeoutError:
        return innocents
    finally:
        for attack in attacks:
            attack.cancel()
        await asyncio.gather(*attacks, return_exceptions=True)
    return innocents


Ask = Callable[[httpx.AsyncClient, Target], Awaitable[httpx.Response]]


async def _again(innocents: Innocents, task: str, ask: Ask, target: Target) -> None:
    async with httpx.AsyncClient(base_url=target.url, timeout=600, trust_env=False) as http:
        while True:
            started = time.perf_counter()
            answer = await ask(http, target)
            innocents.note(task, answer.status_code, time.perf_counter() - started)
            await asyncio.sleep(_EVERY_S)


async def _transcribe(http: httpx.AsyncClient, target: Target) -> httpx.Response:
    return await http.post(
        "/v1/audio/transcriptions",
        data={"model": target.transcriber},
        files={"file": ("clip.wav", target.short_clip)},
    )


async def _speak(http: httpx.AsyncClient, target: Target) -> httpx.Response:
    body = {"model": target.voice, "voice": "joe", "input": material.SENTENCE}
    return await http.post("/v1/audio/speech", json=body)


# What is attacked ---------------------------------------------------------------------------


@contextmanager
def _system(folder: Path) -> Iterator[tuple[Server, Target]]:
    """The ingress, and what its callers need to attack it."""
    config = folder / "config.yml"
    hung = material.entry(material.VOICE) | {"name": HUNG}
    models = [material.entry(material.WHISPER), material.entry(material.VOICE)]
    config.write_text(yaml.safe_dump({"model_configs": [*models, hung]}), encoding="utf-8")
    with _silent_port() as silent, _predictors(config, models, folder) as predictors:
        urls = {str(one["name"]): predictors.url for one in models} | {HUNG: silent}
        port = free_port()
        command = [sys.executable, "-m", "ingress", "--config", str(config)]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        variables = {"SPEECH_PREDICTOR_URLS": json.dumps(urls), "SPEECH_CACHE_MB": "0"}
        with running(command, port, folder, variables) as ingress:
            ingress.wait_for("/health/ready")
            yield ingress, _target(ingress.url)


@contextmanager
def _predictors(config: Path, models: list[dict[str, Any]], folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "predictors", "--config", str(config)]
    command += ["--http_port", str(port), "--grpc_port", str(free_port())]
    for model in models:
        command += ["--name", str(model["name"])]
    with running(command, port, folder) as server:
        server.wait_for("/v2/health/ready")
        yield server


@contextmanager
def _silent_port() -> Iterator[str]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _target(url: str) -> Target:
    speech = material.speech(48_000)
    return Target(
        url,
        material.WHISPER,
        material.VOICE,
        HUNG,
        short_clip=material.clips()["2 s clip"],
        long_recording=opus(_LONG_S, speech),
        short_frames=opus(_SHORT_FRAMES_S, speech, frame_ms=2.5),
    )


# Figures ------------------------------------------------------------------------------------


def _lines(innocents: Innocents) -> Iterator[Line]:
    for task, seconds in innocents.seconds.items():
        yield Line(f"{task}: answered", "requests", len(seconds))
        yield Line(f"{task}: p50", "s", percentile(seconds, 50))
        yield Line(f"{task}: p99", "s", percentile(seconds, 99))
    yield Line("innocents refused with 429", "requests", innocents.refused, limit=0)
    yield Line("innocents failed", "requests", innocents.failed, limit=0)


def _health_lines(calm: list[float], attacked: list[float]) -> Iterator[Line]:
    yield Line("/health before, p99", "ms", percentile(calm, 99))
    yield Line("/health, p50", "ms", percentile(attacked, 50))
    yield Line("/health, p99", "ms", percentile(attacked, 99), limit=_HEALTH_LIMIT_MS)
    yield Line("/health, max", "ms", max(attacked))


if __name__ == "__main__":
    sys.exit(main())
