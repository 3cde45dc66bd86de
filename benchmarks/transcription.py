"""(a) Recordings through the ingress against the same files given to faster-whisper directly."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import httpx
from faster_whisper import BatchedInferencePipeline, WhisperModel

from benchmarks import material
from benchmarks.figures import Line, costs, rates
from benchmarks.interleaved import metered, take_turns
from benchmarks.server import THREADS, Server
from benchmarks.setup import CLIENTS, Setup, served, transcribe
from predictors.runtime.weights.source import resolve


@dataclass(frozen=True, slots=True)
class Way:
    """One way from a file to its text, and the processor time used so far by who goes it."""

    transcribe: Callable[[bytes], str]
    processor_s: Callable[[], float]


_OVERHEAD = 1.03
_LONG = "60 s clip"
_EACH = {"2 s clip": 2, "11 s clip": 1}
"""Requests of each of the clients in one round. A minute of sound is measured alone only."""


def run(setup: Setup) -> Iterator[Line]:
    with served(setup) as (server, http):
        ways = direct(material.entry(material.WHISPER)["model"], "cpu", 8) | _served(server, http)
        for name, file in (material.clips() | {_LONG: material.minute()}).items():
            check_words(ways, file, "lighthouse" if name == _LONG else "and so my fellow")
            yield from _one_by_one(setup, ways, name, file)
            if name in _EACH:
                yield from _together(setup, ways, name, file)


def direct(weights: str, device: str, batch_size: int) -> dict[str, Way]:
    """What a program that uses faster-whisper itself would write, with the options that the ingress
    uses for an answer without times."""
    precision = "int8" if device == "cpu" else "float16"
    model = WhisperModel(
        str(resolve(weights)), device=device, compute_type=precision, cpu_threads=THREADS
    )
    batched = BatchedInferencePipeline(model)

    def one(file: bytes) -> str:
        found, _ = model.transcribe(
            io.BytesIO(file), beam_size=5, language="en", vad_filter=True, without_timestamps=True
        )
        return "".join(segment.text for segment in found)

    def in_batches(file: bytes) -> str:
        found, _ = batched.transcribe(
            io.BytesIO(file), beam_size=5, language="en", batch_size=batch_size
        )
        return "".join(segment.text for segment in found)

    return {"direct": Way(one, time.process_time), "batched": Way(in_batches, time.process_time)}


def _served(server: Server, http: httpx.Client) -> dict[str, Way]:
    return {
        "ours": Way(partial(transcribe, http, material.WHISPER), server.cpu_s),
        "full window": Way(partial(transcribe, http, material.FULL_WINDOW), server.cpu_s),
    }


def check_words(ways: Mapping[str, Way], file: bytes, words: str) -> None:
    """A way that is fast because it hears nothing must not win. Raises RuntimeError."""
    for name, way in ways.items():
        heard = re.sub(r"[^a-z ]", "", way.transcribe(file).lower())
        if words not in heard:
            raise RuntimeError(f"{name} heard {heard[:200]!r}")


def _one_by_one(setup: Setup, ways: Mapping[str, Way], name: str, file: bytes) -> Iterator[Line]:
    found = take_turns(
        {key: metered(partial(done, way, file), way.processor_s) for key, way in ways.items()},
        setup.rounds,
    )
    cases = [("30 s windows", "full window", "direct"), ("as shipped", "ours", "direct")]
    if name not in _EACH:  # a single chunk gains nothing from faster-whisper's batches
        cases.append(("as shipped, against its batches", "ours", "batched"))
    for case, ours, theirs in cases:
        yield from costs(f"{name}, {case}", "ms", found[ours], found[theirs], _OVERHEAD)


def _together(setup: Setup, ways: Mapping[str, Way], name: str, file: bytes) -> Iterator[Line]:
    found = take_turns(
        {
            key: metered(
                partial(done, way, file), way.processor_s, clients=CLIENTS, each=_EACH[name]
            )
            for key, way in ways.items()
        },
        max(2, setup.rounds // 2),
    )
    for case, ours, theirs in (
        ("30 s windows", "full window", "direct"),
        ("as shipped", "ours", "direct"),
        ("as shipped, against its batches", "ours", "batched"),
    ):
        full = f"{name}, {CLIENTS} clients, {case}"
        yield from rates(full, "clips/s", found[ours], found[theirs], 1.0)


def done(way: Way, file: bytes) -> float:
    way.transcribe(file)
    return 1.0
