"""Work on large bodies leaves the event loop; a small one is done before a thread would start."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from contract.audio.codec import Audio
from contract.tasks import TaskInput, TaskOutput

T = TypeVar("T")

INLINE_BYTES = 32 << 10
"""Read or written in well under a millisecond; a thread there and back costs a tenth of one, and
more when the machine is busy."""
_SEGMENT_BYTES = 500
"""About what a segment with its words takes as JSON."""


async def off_loop(size: int, work: Callable[[], T]) -> T:
    """Do `work` on so many bytes: in a thread, unless they are few."""
    return work() if size <= INLINE_BYTES else await asyncio.to_thread(work)


def weight(value: TaskInput[Any] | TaskOutput) -> int:
    """About how many bytes an input or output takes on its way."""
    values = [getattr(value, field.name) for field in dataclasses.fields(value)]  # type: ignore[arg-type]  # all of them are dataclasses
    return sum(map(_bytes_of, values))


def _bytes_of(value: Any) -> int:
    if isinstance(value, Audio):
        return round(2 * value.duration_s * value.sample_rate)
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    return _SEGMENT_BYTES * len(value) if isinstance(value, tuple) else 0
