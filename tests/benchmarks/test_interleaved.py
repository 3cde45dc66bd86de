"""Who is measured when."""

from __future__ import annotations

import threading

from benchmarks.interleaved import metered, seconds, take_turns


def test_ways_take_turns_and_no_way_always_follows_the_same_neighbour():
    order = []
    ways = {name: lambda name=name: order.append(name) or len(order) for name in "ABC"}
    found = take_turns(ways, rounds=3, pause_s=0)
    assert "".join(order) == "ABCCBAABC"
    assert found == {"A": [1, 6, 7], "B": [2, 5, 8], "C": [3, 4, 9]}


def test_all_clients_work_at_the_same_time():
    together = threading.Barrier(4, timeout=10)
    clock = iter([10.0, 16.0])

    def work() -> float:
        together.wait()  # passes only when four clients are in here at once
        return 2.5

    sample = metered(work, lambda: next(clock), clients=4, each=3)()
    assert (sample.done, sample.processor_s) == (30.0, 6.0)
    assert sample.seconds > 0


def test_what_is_timed_is_done_once():
    done = []
    assert seconds(lambda: done.append(1))() >= 0
    assert done == [1]
