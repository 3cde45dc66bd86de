"""Parts of a long recording that a busy model refuses: they wait, and are sent again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from prometheus_client import Counter

from contract.errors import Overloaded

A = TypeVar("A")
_LEAST_WAIT_S, _USUAL_WAIT_S = 0.2, 1.0
_JITTER = 0.25
"""So that parts which were refused together do not come back together."""

REFUSALS = Counter(
    "speech_recording_piece_refusals_total", "Pieces that a busy model refused and that waited"
)


async def until_taken(call: Callable[[], Awaitable[A]], deadline_s: float) -> A:
    """Call again after each 429, as late as it asks for.

    `deadline_s`: by time.monotonic(). Raises the Overloaded itself where the next call would come
    too late.
    """
    while True:
        try:
            return await call()
        except Overloaded as busy:
            asked_s = _USUAL_WAIT_S if busy.retry_after_s is None else busy.retry_after_s
            wait_s = max(asked_s, _LEAST_WAIT_S) * random.uniform(1, 1 + _JITTER)
            if time.monotonic() + wait_s >= deadline_s:
                raise
        REFUSALS.inc()
        await asyncio.sleep(wait_s)
