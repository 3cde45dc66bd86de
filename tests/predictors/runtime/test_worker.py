"""Threads of models end when they are closed, and nobody waits for one that hangs."""

from __future__ import annotations

import asyncio
import threading

import pytest

from predictors.runtime.worker import Workers


def threads(prefix: str) -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(prefix)]


class Slow:
    """Something that takes a while to be dropped, as native sessions do."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.was_dropped = False

    def drop(self) -> None:
        self.released.wait()
        self.was_dropped = True


async def test_a_closed_worker_has_finished_what_it_was_given():
    worker, slow = Workers("closing"), Slow()
    dropping = asyncio.create_task(worker.run(slow.drop))
    await asyncio.sleep(0)
    closing = asyncio.create_task(worker.aclose())
    await asyncio.sleep(0.02)
    assert not closing.done()
    slow.released.set()
    await closing
    assert slow.was_dropped
    assert not threads("closing")
    await dropping


async def test_a_closed_worker_works_again_in_a_new_thread():
    worker = Workers("again")
    assert await worker.run(lambda: 1) == 1
    await worker.aclose()
    assert await worker.run(lambda: 2) == 2
    await worker.aclose()
    assert not threads("again")


async def test_an_abandoned_call_is_not_waited_for():
    worker, slow = Workers("hangs"), Slow()
    hanging = asyncio.create_task(worker.run(slow.drop))
    await asyncio.sleep(0)
    worker.close()
    await worker.aclose()
    assert threads("hangs")
    slow.released.set()
    await hanging


@pytest.mark.parametrize("calls", [0, 1, 5])
async def test_a_closed_pool_has_no_threads(calls: int):
    pool = Workers("pooled", threads=3)
    futures = [pool.submit(lambda number=number: number) for number in range(calls)]
    await pool.aclose()
    assert not threads("pooled")
    assert [one.result() for one in futures] == list(range(calls))
