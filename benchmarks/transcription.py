"""(a) Recordings through the ingress against the same files given to faster-whisper directly."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import httpx
from faster_whisper import BatchedInferencePipeline, WhisperModel

from benchmarks import material
from benchmarks.figures import Line, compared
from benchmarks.interleaved import per_second, seconds, take_turns
from benchmarks.server import THREADS
from benchmarks.setup import CLIENTS, Setup, served, transcribe
from predictors.weights_source import resolve

Transcribe = Callable[[bytes], str]

_OVERHEAD = 1.03
_EACH = {"2 s clip": 2, "11 s clip": 1}
"""Requests of each of the clients in one round. A minute of sound is measured alone only."""


def run(setup: Setup) -> Iterator[Line]:
    with served(setup) as (_, http):
        ways = _direct() | _served(http)
        for name, file in material.clips().items():
            _check_words(ways, file)
            yield from _one_by_one(setup, ways, name, file)
            if name in _EACH:
                yield from _together(setup, ways, name, file)


def _direct() -> dict[str, Transcribe]:
    """What a program that uses faster-whisper itself would write, with the options that the ingress
    uses for an answer without times."""
    path = resolve(material.entry(material.WHISPER)["model"])
    model = WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=THREADS)
    batched = BatchedInferencePipeline(model)

    def one(file: bytes) -> str:
        found, _ = model.transcribe(
            io.BytesIO(file), beam_size=5, language="en", vad_filter=True, without_timestamps=True
        )
        return "".join(segment.text for segment in found)

    def in_batches(file: bytes) -> str:
        found, _ = batched.transcribe(io.BytesIO(file), beam_size=5, language="en", batch_size=8)
        return "".join(segment.text for segment in found)

    return {"direct": one, "batched": in_batches}


def _served(http: httpx.Client) -> dict[str, Transcribe]:
    return {
        "ours": lambda file: transcribe(http, material.WHISPER, file),
        "full window": lambda file: transcribe(http, material.FULL_WINDOW, file),
    }


def _check_words(ways: Mapping[str, Transcribe], file: bytes) -> None:
    """A way that is fast because it hears nothing must not win. Raises RuntimeError."""
    for name, way in ways.items():
        heard = re.sub(r"[^a-z ]", "", way(file).lower())
        if "and so my fellow" not in heard:
            raise RuntimeError(f"{name} heard {heard[:80]!r}")


def _one_by_one(setup: Setup, ways: Mapping[str, Transcribe], name: str, file: bytes) -> list[Line]:
    found = take_turns(
        {way: seconds(partial(call, file)) for way, call in ways.items()}, setup.rounds
    )

    def line(case: str, ours: str, theirs: str) -> Line:
        return compared(
            f"{name}, {case}", "ms", found[ours], found[theirs], limit=_OVERHEAD, scale=1000
        )

    lines = [
        line("30 s windows as faster-whisper", "full window", "direct"),
        line("as shipped", "ours", "direct"),
    ]
    if name not in _EACH:  # a single chunk gains nothing from faster-whisper's batches
        lines.append(line("as shipped, against its batches", "ours", "batched"))
    return lines


def _together(setup: Setup, ways: Mapping[str, Transcribe], name: str, file: bytes) -> list[Line]:
    def done(call: Transcribe) -> Callable[[], float]:
        def work() -> float:
            call(file)
            return 1.0

        return work

    found = take_turns(
        {way: per_second(done(call), CLIENTS, _EACH[name]) for way, call in ways.items()},
        max(2, setup.rounds // 2),
    )

    def line(case: str, ours: str, theirs: str) -> Line:
        return compared(
            f"{name}, {CLIENTS} clients, {case}",
            "clips/s",
            found[ours],
            found[theirs],
            limit=1.0,
            more_is_better=True,
        )

    return [
        line("30 s windows as faster-whisper", "full window", "direct"),
        line("as shipped", "ours", "direct"),
        line("as shipped, against its batches", "ours", "batched"),
    ]
