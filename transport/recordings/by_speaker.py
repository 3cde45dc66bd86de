"""A transcript's words given to the speakers of a recording."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby

from contract.tasks import SpeakerSegment, TranscriptSegment, Word

NOBODY = "A"
"""Who says what was transcribed where no speaker was found."""


def by_speaker(
    transcript: Sequence[TranscriptSegment], turns: Sequence[SpeakerSegment]
) -> tuple[SpeakerSegment, ...]:
    """The transcript's segments, cut where the speaker changes between two words."""
    found = _Turns(turns)
    return tuple(part for one in transcript for part in _parts(one, found))


class _Turns:
    """Turns in order of their starts, with the latest end so far, to look one up by time."""

    def __init__(self, turns: Sequence[SpeakerSegment]) -> None:
        self._turns = sorted(turns, key=lambda one: one.start_s)
        self._ends: list[float] = []
        for one in self._turns:
            self._ends.append(max(one.end_s, self._ends[-1] if self._ends else 0.0))

    def speaker(self, start_s: float, end_s: float) -> str:
        """Who speaks most of the time between, else whose turn is nearest."""
        first = max(bisect_left(self._ends, start_s) - 1, 0)
        near: list[SpeakerSegment] = []
        for one in self._turns[first:]:
            near.append(one)
            if one.start_s > end_s:
                break
        if not near:
            return NOBODY
        return max(near, key=lambda one: min(one.end_s, end_s) - max(one.start_s, start_s)).speaker


def _parts(segment: TranscriptSegment, turns: _Turns) -> Iterator[SpeakerSegment]:
    if not segment.words:
        speaker = turns.speaker(segment.start_s, segment.end_s)
        yield SpeakerSegment(segment.start_s, segment.end_s, speaker, segment.text.strip())
        return
    for speaker, group in groupby(segment.words, lambda one: turns.speaker(one.start_s, one.end_s)):
        yield _part(speaker, tuple(group))


def _part(speaker: str, words: tuple[Word, ...]) -> SpeakerSegment:
    text = "".join(one.word for one in words).strip()
    return SpeakerSegment(words[0].start_s, words[-1].end_s, speaker, text, words)
