"""Recordings cut into chunks that Whisper takes at once, and the way back to original times.

A chunk ends at a pause of more than a second: so no segment can run through one, and no word can
end up on its far side. Chunks that end at pauses cost about as much as chunks packed full, because
clips get encoder windows of their size (docs/benchmarks.md), and nothing is lost in them: behind a
pause Whisper may stop early.

Detectors are wrong by a tenth of a second. Pauses of about a second stay inside a chunk, since a
few words cut off from what is said around them are misheard; such a chunk's speech lies in several
stretches, and each segment and word belongs to one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from contract.tasks import FloatArray
from predictors.nn.speech_activity.segments import SAMPLE_RATE, Span
from transport.recordings.quiet import quietest

MAX_CHUNK = 30 * SAMPLE_RATE  # the encoder's window
MIN_CHUNK = SAMPLE_RATE // 10  # no word is shorter than 100 ms
_PAD = round(0.4 * SAMPLE_RATE)  # kept around speech: a detector may miss a soft first sound
_LONG_PAUSE = round(1.1 * SAMPLE_RATE)  # at which a chunk ends
_PAUSE = round(0.9 * SAMPLE_RATE)  # at which a segment ends
_EDGE_S = 0.1  # how far a segment may reach beyond what the detector calls speech
_DEEP_S = 0.6  # more than half of a pause that a chunk may be cut in
_EARLIEST_BREATH = 10 * SAMPLE_RATE  # chunks are filled, but words are not cut
_EARLIEST_CUT = 20 * SAMPLE_RATE
_FRAME = SAMPLE_RATE // 50  # 20 ms
_AUDIBLE = 1e-4  # -80 dBFS; below it is digital silence with dither


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a recording: at most 30 s at 16 kHz."""

    start: int
    end: int
    stretches: tuple[Span, ...]
    """Where its speech is, in order, a new stretch behind each pause; at least one. All are samples
    of the recording."""

    @property
    def duration_s(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE

    @property
    def start_s(self) -> float:
        return self.start / SAMPLE_RATE

    @property
    def end_s(self) -> float:
        return self.end / SAMPLE_RATE

    @property
    def speech_end_s(self) -> float:
        """Where its speech ends, in seconds of the chunk."""
        return (self.stretches[-1][1] - self.start) / SAMPLE_RATE

    @property
    def has_pauses(self) -> bool:
        return len(self.stretches) > 1

    def stretch_at(self, start_s: float, end_s: float) -> int:
        """Index of the stretch that most of these seconds of the chunk are in, or nearest to."""
        start, end = (self.start + one * SAMPLE_RATE for one in (start_s, end_s))

        def shared(index: int) -> float:
            first, last = self.stretches[index]
            return min(end, last) - max(start, first)  # below 0: how far away

        return max(range(len(self.stretches)), key=shared)

    def original_s(
        self, start_s: float, end_s: float, index: int | None = None
    ) -> tuple[float, float]:
        """Seconds of the chunk as seconds of the recording, within one stretch of speech: that
        with this index, or the one that they lie in.

        What lies deep in the silence at the chunk's ends is speech that the detector missed, and
        stays there.
        """
        stretch = self.stretches[self.stretch_at(start_s, end_s) if index is None else index]
        start_s, end_s = (min(self.start_s + one, self.end_s) for one in (start_s, end_s))
        first_s, last_s = self._edges_s(stretch)
        is_before = stretch == self.stretches[0] and end_s < first_s - _DEEP_S
        is_behind = stretch == self.stretches[-1] and start_s > last_s + _DEEP_S
        if is_before or is_behind:
            return start_s, end_s
        return min(max(start_s, first_s), last_s), max(min(end_s, last_s), first_s)

    def _edges_s(self, stretch: Span) -> tuple[float, float]:
        first_s = max(stretch[0] / SAMPLE_RATE - _EDGE_S, self.start_s)
        return first_s, min(stretch[1] / SAMPLE_RATE + _EDGE_S, self.end_s)


@dataclass(frozen=True, slots=True)
class Cutting:
    """What decides where chunks end, in samples."""

    long_pause: int = _LONG_PAUSE
    """A chunk ends at a pause as long as this."""
    pad_before: int = _PAD
    """Kept before speech, as far as the middle of the pause."""


def cut(
    samples: FloatArray,
    speech: Sequence[Span],
    *,
    keep_pauses: bool = False,
    cutting: Cutting = Cutting(),
) -> list[Chunk]:
    """Chunks of a 16 kHz recording, in order; inaudible ones are left out.

    `speech`: where it is, without padding. With `keep_pauses` the chunks cover all of the
    recording, and meet in the middle of pauses; else they hold speech and little around it.
    """
    groups = _apart(speech, cutting.long_pause)
    bounds = _everything if keep_pauses else partial(_around_speech, pad=cutting.pad_before)
    return [
        Chunk(start, end, _stretches(spans, start, end))
        for spans, part in bounds(groups, len(samples))
        for start, end in _short(samples, part, spans)
        if end - start >= MIN_CHUNK and np.abs(samples[start:end]).max() > _AUDIBLE
    ]


def _apart(speech: Iterable[Span], pause: int) -> list[list[Span]]:
    """Groups of spans: a new one begins behind every pause of so many samples."""
    groups: list[list[Span]] = []
    for span in speech:
        if not groups or span[0] - groups[-1][-1][1] >= pause:
            groups.append([])
        groups[-1].append(span)
    return groups


def _around_speech(
    groups: Sequence[Sequence[Span]], n_samples: int, *, pad: int
) -> Iterator[tuple[Sequence[Span], Span]]:
    for spans, (first, last) in zip(groups, _middles(groups, n_samples), strict=False):
        yield spans, (max(spans[0][0] - pad, first), min(spans[-1][1] + _PAD, last))


def _everything(
    groups: Sequence[Sequence[Span]], n_samples: int
) -> Iterator[tuple[Sequence[Span], Span]]:
    yield from zip(groups or [[]], _middles(groups, n_samples), strict=True)


def _middles(groups: Sequence[Sequence[Span]], n_samples: int) -> Iterator[Span]:
    """All of the recording, cut in the middle of the pauses between groups."""
    start = 0
    for spans, following in zip(groups, groups[1:], strict=False):
        middle = (spans[-1][1] + following[0][0]) // 2
        yield start, middle
        start = middle
    yield start, n_samples


def _stretches(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    inside = [span for span in spans if span[0] < end and span[1] > start]
    return tuple(
        (max(group[0][0], start), min(group[-1][1], end)) for group in _apart(inside, _PAUSE)
    ) or ((start, end),)


def _short(samples: FloatArray, part: Span, spans: Sequence[Span]) -> Iterator[Span]:
    """The part; one longer than a chunk is cut between its spans, or where it is quietest."""
    start, end = part
    breaths = [(one[1] + other[0]) // 2 for one, other in zip(spans, spans[1:], strict=False)]
    while end - start > MAX_CHUNK:
        late = [one for one in breaths if start + _EARLIEST_BREATH <= one <= start + MAX_CHUNK]
        earliest, latest = start + _EARLIEST_CUT, start + MAX_CHUNK
        middle = late[-1] if late else earliest + quietest(samples[earliest:latest], _FRAME)
        yield start, middle
        start = middle
    yield start, end
