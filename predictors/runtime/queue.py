"""Requests that wait for a model: bounded, interactive first, nobody for ever."""

from __future__ import annotations

import asyncio
import bisect
import itertools
import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from contract.context import Priority, RequestContext
from contract.errors import QueueFull, SpeechError
from contract.lifecycle import Lifecycle
from contract.tasks import TaskInput, TaskOutput

_BATCH_SHARE = 0.75
"""Share of the queue that batch requests may fill, so that bulk work never locks people out."""


@dataclass(slots=True, eq=False)
class Job:
    """One request on its way through a model; `answer` resolves once."""

    request: TaskInput[Any]
    context: RequestContext
    lifecycle: Lifecycle
    answer: asyncio.Future[TaskOutput]
    key: Hashable
    """The model type's batch key: jobs with equal keys may share a forward pass."""
    cost: float
    queued_s: float = 0.0
    """Instant of the queue's clock."""
    wait_s: float | None = None
    """Time in the queue, once it has left it."""
    infer_s: float = 0.0
    batch_size: int = 0
    rank: tuple[float, int] = field(default=(0.0, 0))

    @property
    def is_settled(self) -> bool:
        """Answered, or nobody waits for the answer any more."""
        return self.answer.done()

    def settle(self, outcome: TaskOutput | SpeechError) -> None:
        if self.answer.done():
            return
        if isinstance(outcome, SpeechError):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class JobQueue:
    """Jobs in order of rank: arrival, with batch jobs ranked as if they came `ageing_s` later.

    So interactive goes first, and no stream of interactive requests can hold a batch request back
    for longer than `ageing_s` plus what waited before it.
    """

    def __init__(
        self, *, max_jobs: int, ageing_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_jobs = max_jobs
        self._ageing_s = ageing_s
        self._clock = clock
        self._numbers = itertools.count()
        self._jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def refuse_if_full(self, priority: Priority, retry_after_s: float) -> None:
        """Raise QueueFull when a request of this priority would find no place."""
        room = self._max_jobs
        if priority is Priority.BATCH:
            room = math.ceil(room * _BATCH_SHARE)
        if len(self._jobs) >= room:
            raise QueueFull(
                f"{len(self._jobs)} requests wait already; come back in {retry_after_s:.0f} s",
                retry_after_s=retry_after_s,
            )

    def put(self, job: Job) -> None:
        job.queued_s = self._clock()
        lateness_s = self._ageing_s if job.context.priority is Priority.BATCH else 0.0
        job.rank = (job.queued_s + lateness_s, next(self._numbers))
        bisect.insort(self._jobs, job, key=_rank)

    def discard(self, job: Job) -> None:
        """Take a job out if it still waits."""
        if job in self._jobs:
            self._jobs.remove(job)

    def take(self, *, max_size: int, max_cost: float) -> list[Job]:
        """The first job and those that may run with it: same key and priority, within the cost.

        A first job above `max_cost` runs alone. Interactive and batch jobs are not mixed: a person
        should not wait for the longer pass that bulk work would make of theirs.
        """
        if not self._jobs:
            return []
        first = self._jobs[0]
        taken, cost = [first], first.cost
        for job in self._jobs[1:]:
            if len(taken) >= max_size:
                break
            if _kind(job) == _kind(first) and cost + job.cost <= max_cost:
                taken.append(job)
                cost += job.cost
        for job in taken:
            self._jobs.remove(job)
            job.wait_s = self._clock() - job.queued_s
        return taken

    def take_all(self) -> list[Job]:
        jobs, self._jobs = self._jobs, []
        return jobs


def _rank(job: Job) -> tuple[float, int]:
    return job.rank


def _kind(job: Job) -> tuple[Priority, Hashable]:
    return job.context.priority, job.key
