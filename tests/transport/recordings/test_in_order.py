"""Calls side by side: bounded, in order, and none is left when one fails or nobody reads on."""

import asyncio
from contextlib import aclosing

import pytest

from transport.recordings.in_order import in_order


class Calls:
    """Each call ends when its event is set."""

    def __init__(self, count):
        self.ends = [asyncio.Event() for _ in range(count)]
        self.running, self.most, self.cancelled = 0, 0, []

    async def __call__(self, number):
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.ends[number].wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        finally:
            self.running -= 1
        if number == 2:
            raise ValueError(number)
        return number


async def test_results_come_in_order_though_calls_end_in_another():
    calls = Calls(2)
    calls.ends[1].set()
    async with aclosing(in_order(calls, range(2), most=2)) as results:
        asyncio.get_running_loop().call_later(0.01, calls.ends[0].set)
        assert [one async for one in results] == [0, 1]
    assert calls.most == 2


async def test_no_more_than_the_bound_run_or_wait_to_be_read():
    calls = Calls(8)
    for end in calls.ends:
        end.set()
    started = []

    async def call(number):
        started.append(number)
        return number

    async with aclosing(in_order(call, range(8), most=3)) as results:
        assert await anext(results) == 0
        for _ in range(5):
            await asyncio.sleep(0)
        assert started == [0, 1, 2]


async def test_an_error_cancels_the_rest():
    calls = Calls(5)
    for number in range(3):
        calls.ends[number].set()
    results = in_order(calls, range(5), most=3)
    assert [await anext(results), await anext(results)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        await anext(results)
    assert calls.running == 0


async def test_closing_cancels_what_runs():
    calls = Calls(4)
    calls.ends[0].set()
    results = in_order(calls, range(4), most=4)
    assert await anext(results) == 0
    await results.aclose()
    assert sorted(calls.cancelled) == [1, 2, 3]
    assert calls.running == 0
