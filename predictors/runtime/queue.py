"""Units that wait for the device: interactive first, nobody for ever, alike ones together."""

from __future__ import annotations

import bisect
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from contract.context import Priority
from contract.errors import SpeechError
from predictors.runtime.model import More, Unit

Path = tuple[int, ...]
"""Where among the results of its request a unit's result belongs; `More` adds a level."""
Outcome = list[Any] | SpeechError


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A unit of a request, in the queue or in a pass."""

    job: Job
    path: Path
    unit: Unit[Any]


@dataclass(slots=True, eq=False)
class Job:
    """One request on its way through the device. What changes is guarded by the queue's lock."""

    units: Sequence[Unit[Any]]
    priority: Priority
    on_start: Callable[[], None]
    """Called when its first unit is taken; like the others, in whatever thread that happens."""
    on_end: Callable[[Outcome], None]
    """Called once, with the results in order or an error; not after the job was discarded."""
    on_left: Callable[[], None]
    """Called once, when it has ended or was discarded and no pass works for it any more."""
    caller: str = ""
    """Whose it is; empty where nobody knows."""
    arrived_s: float = field(default_factory=time.monotonic)
    infer_s: float = 0.0
    """Seconds of the passes that worked for it."""
    batch_size: int = 0
    """Units in the largest of them."""
    rank: tuple[float, int] = (0.0, 0)
    waiting: dict[Hashable, list[Place]] = field(default_factory=lambda: defaultdict(list))
    """Its units that wait, by key, the longest first."""
    results: dict[Path, Any] = field(default_factory=dict)
    running: int = 0
    has_started: bool = False
    is_over: bool = False
    has_left: bool = False

    @property
    def waits(self) -> bool:
        return bool(self.waiting)


@dataclass(frozen=True, slots=True)
class PassLimits:
    """What may go into one pass."""

    size: int
    cost: float
    is_padded: bool = True


class UnitQueue:
    """Jobs in order of rank: arrival, with batch jobs ranked as if they came `ageing_s` later, and
    every job as if it came later by the time that passes have worked for it or, while it waited,
    for others of its caller.

    So interactive goes first, and no stream of interactive requests can hold a batch request back
    for longer than `ageing_s` plus what waited before it; a long request lets those go first that
    came while it was served, and so does a caller with many. Thread-safe: the event loop puts and
    discards, the device's thread takes and records.
    """

    def __init__(self, *, ageing_s: float) -> None:
        self.lock = threading.RLock()
        self._ageing_s = ageing_s
        self._numbers = itertools.count()
        self._jobs: list[Job] = []
        self._running: set[Job] = set()

    def __len__(self) -> int:
        """Requests with units that wait."""
        return len(self._jobs)

    @property
    def running_jobs(self) -> int:
        """Requests with units in the passes that run."""
        return len(self._running)

    @property
    def units(self) -> int:
        """Units that wait or run."""
        with self.lock:
            waiting = sum(len(own) for job in self._jobs for own in job.waiting.values())
            return waiting + sum(job.running for job in self._running)

    def put(self, job: Job) -> None:
        lateness_s = self._ageing_s if job.priority is Priority.BATCH else 0.0
        with self.lock:
            job.rank = (job.arrived_s + lateness_s, next(self._numbers))
            self._add(Place(job, (number,), unit) for number, unit in enumerate(job.units))
            if not job.units:
                self._end(job, [])

    def discard(self, job: Job) -> None:
        """Take a job's units out; a pass that runs with some of them goes on."""
        with self.lock:
            self._end(job)

    def take(self, limits: PassLimits) -> list[Place]:
        """The first unit and those that may run with it: same key and priority, within the limits.

        A first unit above the limit of cost runs alone. Interactive and batch units are not mixed:
        a person should not wait for the longer pass that bulk work would make of theirs.
        """
        with self.lock:
            if not self._jobs:
                return []
            taken = _batch(self._jobs, limits)
            for place in taken:
                self._start(place)
            self._jobs = [job for job in self._jobs if job.waits]
            return taken

    def give_back(self, places: Sequence[Place]) -> None:
        """Units that were taken and did not run, to the place they had."""
        with self.lock:
            for place in places:
                self._stop(place.job)
            self._add(place for place in places if not place.job.is_over)

    def record(self, places: Sequence[Place], results: Sequence[Any], seconds: float) -> None:
        """What a pass of so many seconds has made of its units. Complete requests end."""
        with self.lock:
            for place, result in zip(places, results, strict=True):
                self._stop(place.job)
                if not place.job.is_over:
                    self._store(place, result)
            served = {place.job for place in places}
            for job in served:
                if not job.is_over and not job.waits and not job.running:
                    self._end(job, [job.results[path] for path in sorted(job.results)])
            callers = {job.caller for job in served} - {""}
            for job in served.union(one for one in self._jobs if one.caller in callers):
                job.rank = (job.rank[0] + seconds, job.rank[1])
            self._jobs.sort(key=_rank)

    def fail(self, places: Sequence[Place], error: Callable[[], SpeechError]) -> None:
        """End the requests of these units, which no longer run; each gets an error of its own."""
        with self.lock:
            for place in places:
                self._stop(place.job)
                self._end(place.job, error())

    def fail_waiting(self, error: Callable[[], SpeechError]) -> None:
        """End every request of which units wait."""
        with self.lock:
            for job in list(self._jobs):
                self._end(job, error())

    def wanted(self, places: Sequence[Place]) -> list[Place]:
        """Those whose request still waits for an answer; the others leave."""
        with self.lock:
            for place in places:
                if place.job.is_over:
                    self._stop(place.job)
            return [place for place in places if not place.job.is_over]

    def _add(self, places: Iterable[Place]) -> None:
        touched: dict[tuple[Job, Hashable], list[Place]] = {}
        for place in places:
            own = place.job.waiting[place.unit.key]
            own.append(place)
            touched[place.job, place.unit.key] = own
        for own in touched.values():
            own.sort(key=lambda place: -place.unit.cost)
        for job in {job for job, _ in touched} - set(self._jobs):
            bisect.insort(self._jobs, job, key=_rank)

    def _start(self, place: Place) -> None:
        job = place.job
        own = job.waiting[place.unit.key]
        own.remove(place)
        if not own:
            del job.waiting[place.unit.key]
        job.running += 1
        self._running.add(job)
        if not job.has_started:
            job.has_started = True
            job.on_start()

    def _stop(self, job: Job) -> None:
        job.running -= 1
        if not job.running:
            self._running.discard(job)
            self._leave(job)

    def _store(self, place: Place, result: Any) -> None:
        if isinstance(result, More):
            parts = enumerate(result.units)
            self._add(Place(place.job, (*place.path, part), unit) for part, unit in parts)
        else:
            place.job.results[place.path] = result

    def _end(self, job: Job, outcome: Outcome | None = None) -> None:
        if job.is_over:
            return
        job.is_over = True
        job.waiting.clear()
        with suppress(ValueError):
            self._jobs.remove(job)
        if outcome is not None:
            job.on_end(outcome)
        self._leave(job)

    def _leave(self, job: Job) -> None:
        if job.is_over and not job.running and not job.has_left:
            job.has_left = True
            job.on_left()


def _rank(job: Job) -> tuple[float, int]:
    return job.rank


def _batch(jobs: Sequence[Job], limits: PassLimits) -> list[Place]:
    first = next(iter(jobs[0].waiting.values()))[0]
    if first.unit.is_alone:
        return [first]
    taken, total, longest = [first], first.unit.cost, first.unit.cost
    for place in _companions(jobs, first):
        if len(taken) >= limits.size:
            break
        cost = place.unit.cost
        top, real = max(longest, cost), total + cost
        padded = top * (len(taken) + 1) if limits.is_padded else real
        if padded <= limits.cost:
            taken.append(place)
            total, longest = real, top
    return taken


def _companions(jobs: Sequence[Job], first: Place) -> Iterator[Place]:
    for job in jobs:
        if job.priority is first.job.priority:
            for place in job.waiting.get(first.unit.key, ()):
                if place is not first and not place.unit.is_alone:
                    yield place
