"""Threads that models use: one that the device's passes run in, and a few for what surrounds them.

They are daemons and not of an executor: Python waits for executor threads when it exits, and a
native call that never returns must not keep a drained server alive.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Call = tuple["Future[Any]", Callable[[], Any]]
_LAST = 1 << 30
"""A rank behind every call's."""


class Worker:
    """Runs calls one after another in one thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._calls: queue.SimpleQueue[_Call | None] | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """Await `call()` in the thread. Cancelling does not stop a call that has begun."""
        future: Future[T] = Future()
        self._running_queue().put((future, call))
        return await asyncio.wrap_future(future)

    def abandon(self) -> None:
        """Leave the thread to a call that does not return; the next call gets a new thread."""
        self.close()

    def close(self) -> None:
        """End the thread once it has finished what it was given."""
        if self._calls is not None:
            self._calls.put(None)
            self._calls = None

    def _running_queue(self) -> queue.SimpleQueue[_Call | None]:
        if self._calls is None:
            self._calls = queue.SimpleQueue()
            threading.Thread(
                target=_serve, args=(self._calls,), name=self.name, daemon=True
            ).start()
        return self._calls


class CpuPool:
    """Runs calls in up to `threads` threads, the lowest rank first. Nothing here bounds how many
    calls wait: whoever hands them in does."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._threads = threads
        self._started = 0
        self._unfinished = 0
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._calls: queue.PriorityQueue[tuple[int, int, _Call | None]] = queue.PriorityQueue()

    def submit(self, call: Callable[[], T], *, rank: int = 0) -> Future[T]:
        """The call's future; cancelling it before the call has begun takes it out."""
        future: Future[T] = Future()
        self._calls.put((rank, next(self._numbers), (future, call)))
        with self._lock:
            self._unfinished += 1
            if self._started < min(self._threads, self._unfinished):
                self._started += 1
                name = f"{self._name}-{self._started}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()
        return future

    def close(self) -> None:
        """End the threads once they have finished what they were given."""
        with self._lock:
            for _ in range(self._started):
                self._calls.put((_LAST, next(self._numbers), None))
            self._started = 0

    def _serve(self) -> None:
        while (item := self._calls.get()[2]) is not None:
            _settle(*item)
            del item  # the last request must not live until the next one comes
            with self._lock:
                self._unfinished -= 1


def _serve(calls: queue.SimpleQueue[_Call | None]) -> None:
    while (item := calls.get()) is not None:
        _settle(*item)
        del item  # the last request must not live until the next one comes


def _settle(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as exc:  # whatever it is belongs to the awaiting coroutine
        future.set_exception(exc)
    else:
        future.set_result(result)


async def run_apart(call: Callable[[], T], name: str) -> T:
    """Await `call()` in a thread of its own: for loads, which must not hold up inference."""
    worker = Worker(name)
    try:
        return await worker.run(call)
    finally:
        worker.close()
