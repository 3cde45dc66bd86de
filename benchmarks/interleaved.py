"""Takes turns: A B A B …, so that a busy machine slows all sides alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from benchmarks.figures import Sample

F = TypeVar("F")

PAUSE_S = 0.3
"""Between two measurements: threads of OpenMP and ONNX Runtime spin for up to 0.2 s after their
work, and would take a core from whoever is measured next."""

Way = Callable[[], float]
"""Does the work once and returns its figure."""


def seconds(work: Callable[[], object]) -> Way:
    """How long `work` takes."""

    def measure() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return measure


def metered(
    work: Callable[[], float],
    processor_s: Callable[[], float],
    *,
    clients: int = 1,
    each: int = 1,
) -> Callable[[], Sample]:
    """What `clients` threads get done together when each does `work` that many times.

    `work` returns how much it has done: 1 for a request, or seconds of audio. `processor_s` is the
    processor time used so far by whoever does it.
    """

    def measure() -> Sample:
        start = threading.Barrier(clients + 1)

        def client() -> float:
            start.wait()
            return sum(work() for _ in range(each))

        with ThreadPoolExecutor(clients) as pool:
            pending = [pool.submit(client) for _ in range(clients)]
            start.wait()
            began, began_processor = time.perf_counter(), processor_s()
            done = sum(one.result() for one in pending)
            ended, ended_processor = time.perf_counter(), processor_s()
        return Sample(done, ended - began, ended_processor - began_processor)

    return measure


def take_turns(
    ways: Mapping[str, Callable[[], F]], rounds: int, *, pause_s: float = PAUSE_S
) -> dict[str, list[F]]:
    """`rounds` figures of every way. Every other round goes backwards, so that no way always
    follows the same neighbour."""
    found: dict[str, list[F]] = {name: [] for name in ways}
    order = list(ways)
    for number in range(rounds):
        for name in reversed(order) if number % 2 else order:
            time.sleep(pause_s)
            found[name].append(ways[name]())
    return found
