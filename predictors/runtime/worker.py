"""Threads that models run in: one per predictor on CPU, one per GPU shared by its predictors."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Call = tuple["Future[Any]", Callable[[], Any]]


class Worker:
    """Runs calls one after another in one thread.

    The thread is a daemon and not of an executor: Python waits for executor threads when it exits,
    and a native call that never returns must not keep a drained server alive.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.turn = asyncio.Lock()
        """Held by the predictor whose batch runs, so that a batch is formed when it can start."""
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
