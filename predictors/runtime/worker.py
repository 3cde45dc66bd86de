"""Threads that models use: one that the device's passes run in, and a few for what surrounds them.

They are daemons and not of an executor: Python waits for executor threads when it exits, and a
native call that never returns must not keep a drained server alive. Whoever closes them waits a
while: a daemon that comes back from a native call when Python has begun to exit is ended by
pthread_exit (CPython before 3.14, Python/ceval_gil.c, take_gil), and that unwinding through a C++
library aborts the process: "terminate called without an active exception".
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_Call = tuple["Future[Any]", Callable[[], Any]]
_LAST = 1 << 30
"""A rank behind every call's."""
_LONGEST_END_S = 5.0
"""How long threads that were told to end are waited for."""
_POLL_S = 0.005


class Worker:
    """Runs calls one after another in one thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._calls: queue.SimpleQueue[_Call | None] | None = None
        self._thread: threading.Thread | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """Await `call()` in the thread. Cancelling does not stop a call that has begun."""
        future: Future[T] = Future()
        self._running_queue().put((future, call))
        return await asyncio.wrap_future(future)

    def abandon(self) -> None:
        """Leave the thread to a call that does not return; the next call gets a new thread."""
        self.close()
        self._thread = None

    def close(self) -> None:
        """End the thread once it has finished what it was given."""
        if self._calls is not None:
            self._calls.put(None)
            self._calls = None

    async def aclose(self) -> None:
        """As close(), and wait for the thread's end, for a few seconds at most."""
        self.close()
        if self._thread is not None:
            await _ended([self._thread])

    def _running_queue(self) -> queue.SimpleQueue[_Call | None]:
        if self._calls is None:
            self._calls = queue.SimpleQueue()
            self._thread = threading.Thread(
                target=_serve, args=(self._calls,), name=self.name, daemon=True
            )
            self._thread.start()
        return self._calls


class CpuPool:
    """Runs calls in up to `threads` threads, the lowest rank first. Nothing here bounds how many
    calls wait: whoever hands them in does."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._threads = threads
        self._running: list[threading.Thread] = []
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
            if len(self._running) < min(self._threads, self._unfinished):
                name = f"{self._name}-{len(self._running) + 1}"
                self._running.append(threading.Thread(target=self._serve, name=name, daemon=True))
                self._running[-1].start()
        return future

    def close(self) -> list[threading.Thread]:
        """End the threads, which are given back, once they have finished what they were given."""
        with self._lock:
            for _ in self._running:
                self._calls.put((_LAST, next(self._numbers), None))
            ending, self._running = self._running, []
        return ending

    async def aclose(self) -> None:
        """As close(), and wait for the threads' end, for a few seconds at most."""
        await _ended(self.close())

    def _serve(self) -> None:
        while (item := self._calls.get()[2]) is not None:
            _settle(*item)
            del item  # the last request must not live until the next one comes
            with self._lock:
                self._unfinished -= 1


def run_side_by_side(
    call: Callable[[T], R], items: Sequence[T], *, cost: Callable[[T], int], threads: int, name: str
) -> list[R]:
    """`call` of every item, up to `threads` of them at once, in threads of this name. Those that
    cost most begin first, so that the threads end together. Raises what the first call raised."""
    pool = CpuPool(name, threads)
    running = [pool.submit(partial(call, item), rank=-cost(item)) for item in items]
    pool.close()
    wait(running)
    return [one.result() for one in running]


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


def _some_live(threads: Sequence[threading.Thread]) -> bool:
    return any(one.is_alive() for one in threads)


async def _ended(threads: Sequence[threading.Thread]) -> None:
    """Polls: a thread of an executor that waits for one that never ends would do so itself."""
    deadline_s = time.monotonic() + _LONGEST_END_S
    while _some_live(threads) and time.monotonic() < deadline_s:  # noqa: ASYNC110 - they set no event
        await asyncio.sleep(_POLL_S)


async def run_apart(call: Callable[[], T], name: str) -> T:
    """Await `call()` in a thread of its own: for loads, which must not hold up inference."""
    worker = Worker(name)
    try:
        return await worker.run(call)
    finally:
        worker.close()
