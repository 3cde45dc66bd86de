"""Recordings cut into chunks that Whisper takes at once, and the way back to original times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from predictors.nn.speech_activity.segments import SAMPLE_RATE, Span

FloatArray = NDArray[np.float32]

MAX_CHUNK = 30 * SAMPLE_RATE  # the encoder's window
MIN_CHUNK = SAMPLE_RATE // 10  # no word is shorter than 100 ms
_EARLIEST_CUT = 20 * SAMPLE_RATE
_FRAME = SAMPLE_RATE // 50  # 20 ms
_AUDIBLE = 1e-4  # -80 dBFS; below it is digital silence with dither


@dataclass(frozen=True, eq=False)
class Chunk:
    """Pieces of a recording, joined: at most 30 s at 16 kHz."""

    samples: FloatArray
    pieces: tuple[Span, ...]
    """Where in the recording each piece was, in samples."""

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def start_s(self) -> float:
        return self.pieces[0][0] / SAMPLE_RATE

    @property
    def end_s(self) -> float:
        return self.pieces[-1][1] / SAMPLE_RATE

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        """Where in the chunk each piece begins."""
        lengths = [end - start for start, end in self.pieces]
        return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)

    def original_span_s(self, start_s: float, end_s: float) -> tuple[float, float]:
        """A stretch of the chunk as seconds of the recording.

        Each end is mapped by the piece it lies in; an end exactly at a seam belongs to the
        piece before it, so that a stretch never grows by a pause that was cut out.
        """
        return self._original_s(start_s, "right"), self._original_s(end_s, "left")

    def original_word_s(self, start_s: float, end_s: float) -> tuple[float, float]:
        """A word, kept inside the piece that holds its middle: words do not span cut-out pauses."""
        piece = self._piece((start_s + end_s) / 2, "right")
        first, last = self.pieces[piece]
        shift = (first - int(self._offsets[piece])) / SAMPLE_RATE
        low, high = first / SAMPLE_RATE, last / SAMPLE_RATE
        return min(max(start_s + shift, low), high), min(max(end_s + shift, low), high)

    def _original_s(self, time_s: float, side: str) -> float:
        piece = self._piece(time_s, side)
        first, last = self.pieces[piece]
        return min(first - int(self._offsets[piece]) + time_s * SAMPLE_RATE, last) / SAMPLE_RATE

    def _piece(self, time_s: float, side: str) -> int:
        sample = time_s * SAMPLE_RATE
        found = int(
            np.searchsorted(self._offsets, sample, side="right" if side == "right" else "left")
        )
        return min(max(found - 1, 0), len(self.pieces) - 1)


def cut(samples: FloatArray, spans: Iterable[Span]) -> list[Chunk]:
    """Chunks that hold `spans` of a 16 kHz recording, in order; inaudible ones are left out."""
    packed: list[list[Span]] = []
    filled = 0
    for start, end in _short_spans(samples, spans):
        if not packed or filled + end - start > MAX_CHUNK:
            packed.append([])
            filled = 0
        packed[-1].append((start, end))
        filled += end - start
    chunks = [_chunk(samples, pieces) for pieces in packed]
    return [
        chunk
        for chunk in chunks
        if len(chunk.samples) >= MIN_CHUNK and np.abs(chunk.samples).max() > _AUDIBLE
    ]


def _chunk(samples: FloatArray, pieces: Sequence[Span]) -> Chunk:
    return Chunk(np.concatenate([samples[start:end] for start, end in pieces]), tuple(pieces))


def _short_spans(samples: FloatArray, spans: Iterable[Span]) -> Iterator[Span]:
    """The same spans, those longer than a chunk cut where they are quietest."""
    for start, end in spans:
        while end - start > MAX_CHUNK:
            middle = start + _quietest(samples[start : start + MAX_CHUNK])
            yield start, middle
            start = middle
        yield start, end


def _quietest(samples: FloatArray) -> int:
    """The middle of the 100 ms with the least energy, 20 s or more into `samples`."""
    late = samples[_EARLIEST_CUT:]
    frames = late[: len(late) // _FRAME * _FRAME].reshape(-1, _FRAME)
    energy = np.convolve((frames**2).mean(axis=1), np.ones(5), mode="valid")
    return _EARLIEST_CUT + int(energy.argmin()) * _FRAME + 5 * _FRAME // 2
