"""Threads that models use: those that passes run in, and a few for what surrounds passes.

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
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Call = tuple["Future[Any]", Callable[[], Any]]
_Calls = queue.PriorityQueue[tuple[int, int, _Call | None]]
_LAST = 1 << 30
"""A rank behind every call's."""
_LONGEST_END_S = 5.0
"""How long threads that were told to end are waited for."""
_POLL_S = 0.005


class Workers:
    """Runs calls in up to `threads` threads, the lowest rank first. Nothing here bounds how many
    calls wait: whoever hands them in does."""

    def __init__(self, name: str, threads: int = 1) -> None:
        self.name = name
        self.threads = threads
        self._running: list[threading.Thread] = []
        self._unfinished = 0
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._calls: _Calls = queue.PriorityQueue()

    def submit(self, call: Callable[[], T], *, rank: int = 0) -> Future[T]:
        """The call's future; cancelling it before the call has begun takes it out."""
        future: Future[T] = Future()
        with self._lock:
            self._calls.put((rank, next(self._numbers), (future, call)))
            self._unfinished += 1
            if len(self._running) < min(self.threads, self._unfinished):
                name = f"{self.name}-{len(self._running) + 1}"
                thread = threading.Thread(
                    target=self._serve, args=(self._calls,), name=name, daemon=True
                )
                self._running.append(thread)
                thread.start()
        return future

    async def run(self, call: Callable[[], T], *, rank: int = 0) -> T:
        """Await `call()` in a thread. Cancelling does not stop a call that has begun."""
        return await asyncio.wrap_future(self.submit(call, rank=rank))

    def close(self) -> list[threading.Thread]:
        """End the threads, which are given back, once they have finished what they were given; the
        next call gets a new one, also where a call never returns."""
        with self._lock:
            for _ in self._running:
                self._calls.put((_LAST, next(self._numbers), None))
            ending, self._running = self._running, []
            self._calls = queue.PriorityQueue()
        return ending

    async def aclose(self) -> None:
        """As close(), and wait for the threads' end, for a few seconds at most."""
        await _ended(self.close())

    def _serve(self, calls: _Calls) -> None:
        while (item := calls.get()[2]) is not None:
            _settle(*item)
            del item  # the last request must not live until the next one comes
            with self._lock:
                self._unfinished -= 1


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
    workers = Workers(name)
    try:
        return await workers.run(call)
    finally:
        workers.close()
