"""Whisper on a CUDA device: `harmony serve` beside faster-whisper itself, with one client, with
many, and with ten minutes of speech. For `make bench-gpu`.

Real weights, which install from a package registry: Whisper base in float16, the result cache off.
With `--device cpu`, to rehearse: tiny.en, eight clients and a minute, without aims.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import yaml

from benchmarks import material
from benchmarks.figures import Line, costs, median, rates
from benchmarks.gpu import device_lines
from benchmarks.gpu_serving import LIMITS
from benchmarks.interleaved import metered, take_turns
from benchmarks.server import Server, free_port, harmony, running
from benchmarks.setup import Missing, Setup, transcribe
from benchmarks.transcription import Way, check_words, direct, done

_BATCH = 32
"""Chunks in a pass, on both sides."""
_EACH = 4
"""Requests of each of many clients in a round."""


@dataclass(frozen=True, slots=True)
class _Size:
    """What is measured, and the aims on an H200."""

    model: str
    clients: int
    minutes: int
    alone_ms: float | None = None
    real_time: float | None = None
    long_ratio: float | None = None


_SIZES = {
    "cuda": _Size("whisper-base", 64, 10, alone_ms=60, real_time=1200, long_ratio=0.8),
    "cpu": _Size(material.WHISPER, 8, 1),
}


def run(setup: Setup) -> Iterator[Line]:
    """Raises Missing where torch has no CUDA device, or CTranslate2 not its cuBLAS."""
    yield from device_lines(setup)
    if setup.device == "cuda":
        _need_cublas()
    size = _SIZES[setup.device]
    entry = material.entry(size.model) | {
        "device_config": {"device": setup.device},
        "max_batch_size": _BATCH,
    }
    clip, long = material.RECORDING.read_bytes(), material.minutes(size.minutes)
    with _served(setup, entry) as (server, http):
        ways = direct(entry["model"], setup.device, _BATCH)
        ways["ours"] = Way(partial(transcribe, http, entry["name"]), server.cpu_s)
        check_words(ways, clip, "and so my fellow")
        check_words(ways, long, "lighthouse")
        yield from _alone(setup, ways, clip, size)
        yield from _many(setup, ways, clip, size)
        yield from _long(setup, ways, long, size)


def _need_cublas() -> None:
    try:
        ctypes.CDLL("libcublas.so.12")
    except OSError as exc:
        raise Missing(
            "CTranslate2 finds no libcublas.so.12; install the extra cuda, and name the folder "
            "that has it in LD_LIBRARY_PATH"
        ) from exc


def _alone(setup: Setup, ways: Mapping[str, Way], clip: bytes, size: _Size) -> Iterator[Line]:
    found = take_turns(
        {key: metered(partial(done, way, clip), way.processor_s) for key, way in ways.items()},
        setup.rounds,
    )
    case = "11 s clip, 1 client"
    yield from costs(case, "ms", found["ours"], found["direct"], None)
    ours_ms = 1000 * median(one.seconds for one in found["ours"])
    yield Line(f"{case}, by itself", "ms", ours_ms, limit=size.alone_ms)


def _many(setup: Setup, ways: Mapping[str, Way], clip: bytes, size: _Size) -> Iterator[Line]:
    found = take_turns(
        {
            key: metered(
                partial(done, way, clip), way.processor_s, clients=size.clients, each=_EACH
            )
            for key, way in ways.items()
        },
        max(2, setup.rounds // 2),
    )
    case = f"11 s clip, {size.clients} clients"
    clip_s = len(material.speech(material.RATE)) / material.RATE
    yield from rates(case, "clips/s", found["ours"], found["direct"], None)
    speeds = (one.done * clip_s / one.seconds for one in found["ours"])
    yield Line(
        f"{case}, against real time",
        "s/s",
        median(speeds),
        limit=size.real_time,
        more_is_better=True,
    )


def _long(setup: Setup, ways: Mapping[str, Way], long: bytes, size: _Size) -> Iterator[Line]:
    found = take_turns(
        {
            key: metered(partial(done, ways[key], long), ways[key].processor_s)
            for key in ("ours", "batched")
        },
        setup.rounds,
    )
    case = f"{size.minutes} min, against BatchedInferencePipeline({_BATCH})"
    yield from costs(case, "ms", found["ours"], found["batched"], size.long_ratio)


@contextmanager
def _served(setup: Setup, entry: dict[str, Any]) -> Iterator[tuple[Server, httpx.Client]]:
    config, port = setup.folder / "whisper.yml", free_port()
    config.write_text(yaml.safe_dump({"model_configs": [entry]}), encoding="utf-8")
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    with running(harmony(sys.executable, config, port), port, setup.folder, LIMITS) as server:
        server.wait_for("/health/ready")
        with httpx.Client(base_url=server.url, timeout=600, limits=limits, trust_env=False) as http:
            yield server, http
