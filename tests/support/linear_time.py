"""Whether work takes time in proportion to its input, whatever the machine's speed and load."""

from __future__ import annotations

import time
from collections.abc import Callable

_GROWTH = 8
"""Of the time for four times the input: 4 if linear, 16 if quadratic."""
_SPARE_S = 0.1


def assert_linear_time(work: Callable[[str], object], part: str, characters: int) -> None:
    """`work` on `part` over and over, `characters` long, against a quarter of it, in processor
    seconds of this thread: those of other programs do not count."""
    work(part)  # loads what is loaded once
    quarter_s, whole_s = (
        _processor_s(work, part * (length // len(part))) for length in (characters // 4, characters)
    )
    assert whole_s < _GROWTH * quarter_s + _SPARE_S


def _processor_s(work: Callable[[str], object], text: str) -> float:
    began_s = time.thread_time()
    work(text)
    return time.thread_time() - began_s
