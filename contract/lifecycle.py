"""The life of one request, step by step, with the statuses of Harmony Speech Engine.

WAITING → RUNNING → FINISHED_FORWARDED → RUNNING → … → FINISHED_STOPPED
   ↘ FINISHED_IGNORED      ↘ FINISHED_ABORTED
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from contract.errors import InvalidRequest, NotFound, Overloaded, PayloadTooLarge, Unauthorized


class Status(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    FINISHED_FORWARDED = "FINISHED_FORWARDED"
    FINISHED_STOPPED = "FINISHED_STOPPED"
    FINISHED_ABORTED = "FINISHED_ABORTED"
    FINISHED_IGNORED = "FINISHED_IGNORED"


_NEXT: dict[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.RUNNING, Status.FINISHED_ABORTED, Status.FINISHED_IGNORED}),
    Status.RUNNING: frozenset(
        {
            Status.FINISHED_FORWARDED,
            Status.FINISHED_STOPPED,
            Status.FINISHED_ABORTED,
            Status.FINISHED_IGNORED,
        }
    ),
    Status.FINISHED_FORWARDED: frozenset({Status.RUNNING, Status.FINISHED_ABORTED}),
    Status.FINISHED_STOPPED: frozenset(),
    Status.FINISHED_ABORTED: frozenset(),
    Status.FINISHED_IGNORED: frozenset(),
}


_REFUSALS = (InvalidRequest, NotFound, Overloaded, PayloadTooLarge, Unauthorized)


class IllegalTransition(Exception):
    """A status that cannot follow the current one: an error of ours, never a client's."""


@dataclass(frozen=True, slots=True)
class Transition:
    status: Status
    at_s: float
    """Seconds since the request arrived."""
    step: str | None = None


@dataclass(frozen=True, slots=True)
class StepTiming:
    step: str
    start_s: float
    """Seconds since the request arrived."""
    duration_s: float


@dataclass(slots=True)
class Lifecycle:
    """Records statuses and step timings of one request; refuses every transition not drawn above.

    Steps may overlap (voice cloning runs two branches at once): the request is RUNNING while any
    step runs, and is FORWARDED when the next step starts after all earlier ones have ended.
    """

    clock: Callable[[], float] = time.monotonic
    _transitions: list[Transition] = field(default_factory=list, init=False)
    _timings: list[StepTiming] = field(default_factory=list, init=False)
    _arrived: float = field(init=False)
    _running: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._arrived = self.clock()
        self._transitions.append(Transition(Status.WAITING, 0.0))

    @property
    def transitions(self) -> tuple[Transition, ...]:
        return tuple(self._transitions)

    @property
    def timings(self) -> tuple[StepTiming, ...]:
        """In the order in which steps ended."""
        return tuple(self._timings)

    @property
    def status(self) -> Status:
        return self._transitions[-1].status

    @property
    def is_finished(self) -> bool:
        return not _NEXT[self.status]

    @property
    def age_s(self) -> float:
        return self.clock() - self._arrived

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Run one step. The first makes the request RUNNING, a later one forwards it first."""
        if self._running == 0:
            if self.status is Status.RUNNING:
                self._move(Status.FINISHED_FORWARDED, name)
            self._move(Status.RUNNING, name)
        elif self.is_finished:
            raise IllegalTransition(f"step {name} cannot start after {self.status}")
        start_s = self.age_s
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._timings.append(StepTiming(name, start_s, self.age_s - start_s))

    def stop(self) -> None:
        """The answer is complete."""
        self._move(Status.FINISHED_STOPPED)

    def fail(self, error: BaseException) -> None:
        """Refused requests end IGNORED, everything else that breaks off ends ABORTED."""
        refused = isinstance(error, _REFUSALS)
        may_ignore = Status.FINISHED_IGNORED in _NEXT[self.status]
        self._move(Status.FINISHED_IGNORED if refused and may_ignore else Status.FINISHED_ABORTED)

    def _move(self, to: Status, step: str | None = None) -> None:
        if to not in _NEXT[self.status]:
            raise IllegalTransition(f"{to} cannot follow {self.status}")
        self._transitions.append(Transition(to, self.age_s, step))
