"""Threads of models end when they are closed, and nobody waits for one that hangs."""

from __future__ import annotations

import asyncio
import threading

import pytest

from predictors.runtime.worker import CpuPool, Worker, run_side_by_side


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
    worker, slow = Worker("closing"), Slow()
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
    worker = Worker("again")
    assert await worker.run(lambda: 1) == 1
    await worker.aclose()
    assert await worker.run(lambda: 2) == 2
    await worker.aclose()
    assert not threads("again")


async def test_an_abandoned_call_is_not_waited_for():
    worker, slow = Worker("hangs"), Slow()
    hanging = asyncio.create_task(worker.run(slow.drop))
    await asyncio.sleep(0)
    worker.abandon()
    await worker.aclose()
    assert threads("hangs")
    slow.released.set()
    await hanging


@pytest.mark.parametrize("calls", [0, 1, 5])
async def test_a_closed_pool_has_no_threads(calls: int):
    pool = CpuPool("pooled", threads=3)
    futures = [pool.submit(lambda number=number: number) for number in range(calls)]
    await pool.aclose()
    assert not threads("pooled")
    assert [one.result() for one in futures] == list(range(calls))


def test_calls_run_side_by_side_and_their_results_keep_the_order_of_the_items():
    meeting = threading.Barrier(2)

    def meet(item: int) -> int:
        meeting.wait(timeout=10)  # breaks unless two calls are at it at once
        return item * 2

    found = run_side_by_side(meet, [1, 4, 3, 2], cost=lambda item: item, threads=2, name="pair")
    assert found == [2, 8, 6, 4]


def test_what_a_call_beside_others_raises_is_raised():
    def fail_at_two(item: int) -> int:
        if item == 2:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="2"):
        run_side_by_side(fail_at_two, [1, 2, 3], cost=lambda item: item, threads=2, name="pair")
