"""Faster or slower speech at the same pitch, where a model's own length scale falls short.

Models round every phoneme up to whole frames, so half the length scale is more than half the
length. FFmpeg's atempo (WSOLA, https://ffmpeg.org/ffmpeg-filters.html#atempo) makes up the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from contract.tasks import FloatArray

_SLOWEST, _FASTEST = 0.5, 100.0
"""What one atempo filter takes; beyond, several follow one another."""
_NOT_WORTH_IT = 0.02
"""Nobody hears a change of two percent, and everybody a needless filter."""
_BLOCK = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What a pass made of a piece of text."""

    samples: FloatArray
    """(n,)"""
    tempo: float
    """How much faster it must still become to have the speed that was asked for."""

    def at_tempo(self, sample_rate: int) -> FloatArray:
        return change_tempo(self.samples, sample_rate, self.tempo)


def change_tempo(samples: FloatArray, sample_rate: int, factor: float) -> FloatArray:
    """`samples` (n,) in n / factor samples, at the same pitch; factor 2 is twice as fast."""
    if abs(factor - 1) < _NOT_WORTH_IT or not len(samples):
        return samples
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
    )
    chain = [source]
    for part in _parts(factor):
        chain.append(graph.add("atempo", f"{part:.6f}"))
    chain.append(graph.add("abuffersink"))
    graph.link_nodes(*chain).configure()
    stretched = np.concatenate([np.zeros(0, np.float32), *_through(graph, samples, sample_rate)])
    return _of_length(stretched, round(len(samples) / factor))


def _parts(factor: float) -> list[float]:
    """Factors that atempo takes and whose product is `factor`."""
    parts = []
    while factor < _SLOWEST:
        parts.append(_SLOWEST)
        factor /= _SLOWEST
    return [*parts, min(factor, _FASTEST)]


def _through(graph: av.filter.Graph, samples: FloatArray, sample_rate: int) -> list[FloatArray]:
    found: list[FloatArray] = []
    for first in range(0, len(samples), _BLOCK):
        block = np.ascontiguousarray(samples[None, first : first + _BLOCK], np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
        frame.sample_rate, frame.pts = sample_rate, first
        graph.push(frame)
        found += _pulled(graph)
    graph.push(None)
    return found + _pulled(graph)


def _pulled(graph: av.filter.Graph) -> list[FloatArray]:
    found: list[FloatArray] = []
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return found
        found.append(frame.to_ndarray().reshape(-1).astype(np.float32, copy=False))


def _of_length(samples: FloatArray, length: int) -> FloatArray:
    """The filter ends a few milliseconds early or late."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
