"""(e) Sixty short clips at once, with somebody watching /health; and what silence becomes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx

from benchmarks import material
from benchmarks.figures import Line, percentile
from benchmarks.health_watch import watched
from benchmarks.setup import Setup, served, transcribe

BURST = 60
_ANSWERS = (200, 429)
_HEALTH_LIMIT_MS = 100
_TIMEOUT_S = 600
_CALM_S = 2.0

Answers = list[tuple[int, float]]
"""Status and seconds of each request."""


def run(setup: Setup) -> Iterator[Line]:
    with served(setup) as (server, http):
        with watched(server.url) as calm:
            time.sleep(_CALM_S)
        with watched(server.url) as health:
            answers = asyncio.run(_burst(server.url))
        heard = transcribe(http, material.WHISPER, material.silence(5))
    yield from _lines(answers)
    yield from _health_lines(calm, health)
    yield _silence(heard)


async def _burst(url: str) -> Answers:
    file = material.clips()["2 s clip"]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=url, timeout=_TIMEOUT_S, limits=limits, trust_env=False
    ) as http:
        return list(await asyncio.gather(*(_ask(http, file) for _ in range(BURST))))


async def _ask(http: httpx.AsyncClient, file: bytes) -> tuple[int, float]:
    started = time.perf_counter()
    answer = await http.post(
        "/v1/audio/transcriptions",
        data={"model": material.WHISPER, "language": "en"},
        files={"file": ("clip.wav", file)},
    )
    return answer.status_code, time.perf_counter() - started


def _lines(answers: Answers) -> list[Line]:
    statuses = [status for status, _ in answers]
    good = [seconds for status, seconds in answers if status == 200]
    lines = [
        Line("answered", "clips", statuses.count(200)),
        Line("refused with 429", "clips", statuses.count(429)),
        Line("anything else", "clips", sum(one not in _ANSWERS for one in statuses), limit=0),
    ]
    if good:
        lines += [
            Line("answered within, p50", "s", percentile(good, 50)),
            Line("answered within, p95", "s", percentile(good, 95)),
            Line("clips per second", "clips/s", len(good) / max(good)),
        ]
    return lines


def _health_lines(calm: list[float], during: list[float]) -> list[Line]:
    return [
        Line("/health when idle, max", "ms", max(calm)),
        Line("/health during the burst, p50", "ms", percentile(during, 50)),
        Line("/health during the burst, p99", "ms", percentile(during, 99)),
        Line("/health during the burst, max", "ms", max(during), limit=_HEALTH_LIMIT_MS),
    ]


def _silence(heard: str) -> Line:
    return Line("5 s of silence", "characters", len(heard), limit=0)
