"""(i) What decoding uploads in processes of their own costs: time, and an idle ingress's memory.

Directly: the same decoder in a thread of the server, which is what a crash would end; and PyAV with
its own resampler in a thread, as libraries read a file. All decode to 16 kHz.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import av
import numpy as np

from benchmarks import material
from benchmarks.figures import Line, compared, median
from benchmarks.interleaved import take_turns
from benchmarks.server import free_port, running
from benchmarks.setup import Setup
from contract.audio.codec import Audio
from ingress.encoding import AudioFormat, encode
from transport.decoding.decoders import Decoders
from transport.decoding.reading import decode
from transport.decoding.refusals import AudioLimits
from transport.decoding.settings import DecodingSettings

_LENGTHS_S = (1, 11)
_REPEATS = 5
"""Calls in one measurement; a single one is shorter than a busy machine's hiccups."""
_EXTRA_MS, _RATIO, _MEMORY_MB = 5.0, 1.05, 200
_IDLE_S = 5
_LIMITS = AudioLimits()


def run(setup: Setup) -> Iterator[Line]:
    yield from _memory(setup)
    with asyncio.Runner() as runner:
        decoders = runner.run(Decoders(DecodingSettings()).__aenter__())
        for seconds in _LENGTHS_S:
            for name, file in _files(seconds).items():
                yield from _times(f"{seconds} s, {name}", file, decoders, runner, setup.rounds)
        runner.run(decoders.__aexit__())


def _memory(setup: Setup) -> Iterator[Line]:
    port = free_port()
    command = [sys.executable, "-m", "ingress", "--config", str(material.CONFIG)]
    with running([*command, "--port", str(port)], port, setup.folder) as server:
        server.wait_for("/health/ready")
        time.sleep(_IDLE_S)  # until the decoders are up
        kept = server.memory_mb()
        yield Line("idle ingress and decoders, resident", "MB", kept, limit=_MEMORY_MB)
        yield Line("the same, shared pages once", "MB", server.memory_mb("Pss"))


def _files(seconds: int) -> dict[str, bytes]:
    speech = decode(material.RECORDING.read_bytes(), max_bytes=1 << 24, max_seconds=60)
    clip = Audio(speech.samples[: seconds * speech.sample_rate], speech.sample_rate)
    formats = (one for one in AudioFormat if one is not AudioFormat.PCM)
    return {one.value: encode(clip, one) for one in formats}


def _times(
    case: str, file: bytes, decoders: Decoders, runner: asyncio.Runner, rounds: int
) -> Iterator[Line]:
    ways = {
        "process": partial(
            decoders.decode, file, param="file", limits=_LIMITS, sample_rate=material.RATE
        ),
        "thread": partial(asyncio.to_thread, _decoded, file),
        "PyAV": partial(asyncio.to_thread, _read_by_pyav, file),
    }
    measures = {name: partial(_measure, runner, way) for name, way in ways.items()}
    for measure in measures.values():
        measure()  # not counted
    found = take_turns(measures, rounds)
    pairs = zip(found["process"], found["thread"], strict=True)
    extra_ms = 1000 * median(one - other for one, other in pairs)
    is_short = case.startswith(f"{_LENGTHS_S[0]} s")
    extra_limit, ratio_limit = (_EXTRA_MS, None) if is_short else (None, _RATIO)
    yield Line(f"{case}: more than in a thread", "ms", extra_ms, limit=extra_limit)
    yield compared(case, "ms", found["process"], found["PyAV"], limit=ratio_limit, scale=1000)


def _measure(runner: asyncio.Runner, way: Callable[[], Awaitable[object]]) -> float:
    return runner.run(_seconds(way))


async def _seconds(way: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    for _ in range(_REPEATS):
        await way()
    return (time.perf_counter() - started) / _REPEATS


def _decoded(file: bytes) -> Audio:
    return decode(file, max_bytes=1 << 24, max_seconds=60, sample_rate=material.RATE)


def _read_by_pyav(file: bytes) -> object:
    resampler = av.AudioResampler("flt", "mono", material.RATE)
    with av.open(io.BytesIO(file)) as container:
        pieces = [
            piece.to_ndarray()
            for frame in (*container.decode(audio=0), None)
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces, axis=1)
