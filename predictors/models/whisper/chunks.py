"""Recordings cut into chunks that Whisper takes at once, and the way back to original times.

A chunk is one stretch of the recording and holds no pause of more than a second: so no segment can
run through one, and no word can end up on its far side. Chunks that end at pauses cost about as
much as chunks packed full, because clips get encoder windows of their size (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictors.nn.speech_activity.segments import SAMPLE_RATE, Span

FloatArray = NDArray[np.float32]

MAX_CHUNK = 30 * SAMPLE_RATE  # the encoder's window
MIN_CHUNK = SAMPLE_RATE // 10  # no word is shorter than 100 ms
_PAD_S = 0.4  # kept around speech: the detector may miss a soft first sound
_PAD = round(_PAD_S * SAMPLE_RATE)
_LONG_PAUSE = round(1.1 * SAMPLE_RATE)  # a second, and what detectors are wrong by
_EDGE_S = 0.1  # how far a segment may reach beyond what the detector calls speech
_EARLIEST_BREATH = 10 * SAMPLE_RATE  # chunks are filled, but words are not cut
_EARLIEST_CUT = 20 * SAMPLE_RATE
_FRAME = SAMPLE_RATE // 50  # 20 ms
_AUDIBLE = 1e-4  # -80 dBFS; below it is digital silence with dither


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a recording: at most 30 s at 16 kHz."""

    start: int
    end: int
    speech: Span
    """From the first speech in it to the last. All are samples of the recording."""

    @property
    def duration_s(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE

    @property
    def start_s(self) -> float:
        return self.start / SAMPLE_RATE

    @property
    def end_s(self) -> float:
        return self.end / SAMPLE_RATE

    def original_s(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Seconds of the chunk as seconds of the recording, without the silence at its ends.

        What lies deep in that silence is speech that the detector missed, and stays there.
        """
        start_s, end_s = (min(self.start_s + one, self.end_s) for one in (start_s, end_s))
        first_s = max(self.speech[0] / SAMPLE_RATE - _EDGE_S, self.start_s)
        last_s = min(self.speech[1] / SAMPLE_RATE + _EDGE_S, self.end_s)
        if end_s < first_s - _PAD_S or start_s > last_s + _PAD_S:
            return start_s, end_s
        return min(max(start_s, first_s), last_s), max(min(end_s, last_s), first_s)


def cut(samples: FloatArray, speech: Sequence[Span], *, keep_pauses: bool = False) -> list[Chunk]:
    """Chunks of a 16 kHz recording, in order; inaudible ones are left out.

    `speech`: where it is, without padding. With `keep_pauses` the chunks cover all of the
    recording, and meet in the middle of pauses; else they hold speech and little around it.
    """
    bounds = _everything if keep_pauses else _around_speech
    return [
        Chunk(start, end, _extent(spans, start, end))
        for spans, stretch in bounds(_without_long_pauses(speech), len(samples))
        for start, end in _short(samples, stretch, spans)
        if end - start >= MIN_CHUNK and np.abs(samples[start:end]).max() > _AUDIBLE
    ]


def _without_long_pauses(speech: Sequence[Span]) -> list[list[Span]]:
    """Spans by stretches: a new one begins behind every long pause."""
    stretches: list[list[Span]] = []
    for span in speech:
        if not stretches or span[0] - stretches[-1][-1][1] >= _LONG_PAUSE:
            stretches.append([])
        stretches[-1].append(span)
    return stretches


def _around_speech(
    stretches: Sequence[Sequence[Span]], n_samples: int
) -> Iterator[tuple[Sequence[Span], Span]]:
    for spans in stretches:
        yield spans, (max(spans[0][0] - _PAD, 0), min(spans[-1][1] + _PAD, n_samples))


def _everything(
    stretches: Sequence[Sequence[Span]], n_samples: int
) -> Iterator[tuple[Sequence[Span], Span]]:
    start = 0
    for spans, following in zip(stretches, stretches[1:], strict=False):
        middle = (spans[-1][1] + following[0][0]) // 2
        yield spans, (start, middle)
        start = middle
    yield stretches[-1] if stretches else [], (start, n_samples)


def _extent(spans: Sequence[Span], start: int, end: int) -> Span:
    inside = [span for span in spans if span[0] < end and span[1] > start]
    if not inside:
        return start, end
    return max(inside[0][0], start), min(inside[-1][1], end)


def _short(samples: FloatArray, stretch: Span, spans: Sequence[Span]) -> Iterator[Span]:
    """The stretch; one longer than a chunk is cut between its spans, or where it is quietest."""
    start, end = stretch
    breaths = [(one[1] + other[0]) // 2 for one, other in zip(spans, spans[1:], strict=False)]
    while end - start > MAX_CHUNK:
        late = [one for one in breaths if start + _EARLIEST_BREATH <= one <= start + MAX_CHUNK]
        middle = late[-1] if late else start + _quietest(samples[start : start + MAX_CHUNK])
        yield start, middle
        start = middle
    yield start, end


def _quietest(samples: FloatArray) -> int:
    """The middle of the 100 ms with the least energy, 20 s or more into `samples`."""
    late = samples[_EARLIEST_CUT:]
    frames = late[: len(late) // _FRAME * _FRAME].reshape(-1, _FRAME)
    energy = np.convolve((frames**2).mean(axis=1), np.ones(5), mode="valid")
    return _EARLIEST_CUT + int(energy.argmin()) * _FRAME + 5 * _FRAME // 2
