"""Speech cut into windows short enough to hold one voice and long enough to know it by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.tasks import SpeechSegment

WINDOW_S = 1.6
"""What GE2E was trained on (Wan et al., 2018, https://arxiv.org/abs/1710.10467, section 3)."""
STEP_S = 0.4
_MOST_WINDOWS, _MOST_S = 128, 90.0


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one segment of speech, in seconds of the recording; all of a short segment."""

    start_s: float
    end_s: float
    segment: int
    """Which one of the recording's segments."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2


def windows_of(speech: Sequence[SpeechSegment]) -> list[Window]:
    """Windows in order of time, at most STEP_S apart within a segment."""
    return [
        Window(start_s, start_s + min(WINDOW_S, one.end_s - one.start_s), number)
        for number, one in enumerate(speech)
        for start_s in _starts(one)
    ]


def _starts(segment: SpeechSegment) -> Iterator[float]:
    spare_s = max(0.0, segment.end_s - segment.start_s - WINDOW_S)
    steps = math.ceil(spare_s / STEP_S)
    for step in range(steps + 1):
        yield segment.start_s + (spare_s * step / steps if steps else 0.0)


def in_requests(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Neighbouring windows, as many as one request to an encoder takes."""
    some: list[Window] = []
    for one in windows:
        if some and (len(some) == _MOST_WINDOWS or one.end_s - some[0].start_s > _MOST_S):
            yield some
            some = []
        some.append(one)
    if some:
        yield some
