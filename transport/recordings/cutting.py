"""A long recording cut at pauses into pieces of bounded length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contract.audio.codec import Audio
from contract.tasks import FloatArray, SpeechSegment
from transport.recordings.quiet import quietest

_FRAME_S = 0.02
_WINDOW_S = 0.032
"""A speech detector's window (Silero's: 512 samples at 16 kHz). Pieces begin at whole windows, so
that the recogniser's own detector hears each window as it would in the whole recording."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a recording; its samples are a view of the recording's."""

    start_s: float
    audio: Audio


def cut_at_pauses(
    audio: Audio, speech: Sequence[SpeechSegment], longest_s: float
) -> tuple[Piece, ...]:
    """Pieces in order that cover the recording, none longer than `longest_s`.

    Each ends in the middle of the longest pause in its second half; where nobody pauses there, at
    the quietest 100 ms. `speech` is in order of time. Blocks: a WAV is decoded first.
    """
    samples, rate = audio.samples, audio.sample_rate
    ends = [*_cuts(samples, _pauses(speech, rate), round(longest_s * rate), rate), len(samples)]
    return tuple(
        Piece(start / rate, Audio(samples[start:end], rate)) for start, end in pairwise([0, *ends])
    )


def _cuts(
    samples: FloatArray, pauses: Sequence[tuple[int, int]], longest: int, rate: int
) -> Iterator[int]:
    start = 0
    while len(samples) - start > longest:
        earliest, latest = start + longest // 2, start + longest
        inside = [
            (max(first, earliest), min(last, latest))
            for first, last in pauses
            if first < latest and last > earliest
        ]
        if inside:
            first, last = max(inside, key=lambda pause: pause[1] - pause[0])
            start = (first + last) // 2
        else:
            start = earliest + quietest(samples[earliest:latest], round(_FRAME_S * rate))
        start -= start % round(_WINDOW_S * rate)
        yield start


def _pauses(speech: Sequence[SpeechSegment], rate: int) -> list[tuple[int, int]]:
    """In samples; the silence behind the last speech is none, as nothing is cut apart there."""
    return [
        (round(one.end_s * rate), round(following.start_s * rate))
        for one, following in pairwise(speech)
        if following.start_s > one.end_s
    ]
