"""Calls side by side, their results in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def in_order(
    call: Callable[[A], Awaitable[B]], items: Iterable[A], *, most: int
) -> AsyncGenerator[B, None]:
    """`call` for every item, its results in the items' order.

    At most `most` calls run or wait to be read: a slow reader stops the work. Closing the
    generator, or an error of the call that is read next, cancels all calls under way.
    """

    async def called(item: A) -> B:
        return await call(item)

    rest = iter(items)
    running = deque(asyncio.create_task(called(item)) for item in islice(rest, most))
    try:
        while running:
            yield await running[0]
            running.popleft()
            running.extend(asyncio.create_task(called(item)) for item in islice(rest, 1))
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
