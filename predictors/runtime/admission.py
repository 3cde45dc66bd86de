"""How much a model takes on: requests are counted until the last of their work has ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from contract.context import Priority
from contract.errors import QueueFull

_BATCH_SHARE = 0.75
"""Share of the room that batch requests may fill, so that bulk work never locks people out."""


class Ticket:
    """One admitted request. It leaves when everybody who holds the ticket has let go: the one who
    answers, and each call in a thread that still works for it."""

    def __init__(self, nbytes: int, on_left: Callable[[Ticket], None]) -> None:
        self.nbytes = nbytes
        self._on_left = on_left
        self._holds = 1

    def hold(self) -> None:
        self._holds += 1

    def let_go(self) -> None:
        self._holds -= 1
        if not self._holds:
            self._on_left(self)


class Admission:
    """Bounds how many requests wait, and the memory of all that are here. Used on the loop only."""

    def __init__(
        self,
        *,
        max_waiting: int,
        max_bytes: int,
        running: Callable[[], int],
        on_left: Callable[[], None],
    ) -> None:
        """`running` tells how many requests are in the pass that runs; `on_left` is called for
        each request when it has left."""
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._running = running
        self._on_left = on_left
        self._tickets: set[Ticket] = set()

    def __len__(self) -> int:
        return len(self._tickets)

    @property
    def nbytes(self) -> int:
        """Of the requests that are here, and of what was made of them for the device."""
        return sum(ticket.nbytes for ticket in self._tickets)

    def refuse_if_full(self, priority: Priority, retry_after_s: float, nbytes: int = 0) -> None:
        """Raise QueueFull when a request of this priority and size finds no room.

        One that alone is larger than the limit is taken when nothing else is here.
        """
        share = _BATCH_SHARE if priority is Priority.BATCH else 1.0
        waiting = len(self._tickets) - self._running()
        if waiting >= math.ceil(self._max_waiting * share):
            why = f"{waiting} requests wait already"
        elif self._tickets and self.nbytes + nbytes > self._max_bytes * share:
            why = "the requests that are here hold too much memory already"
        else:
            return
        raise QueueFull(f"{why}; come back in {retry_after_s:.0f} s", retry_after_s=retry_after_s)

    @contextmanager
    def entered(self, nbytes: int) -> Iterator[Ticket]:
        """A ticket that is held while the body runs, and longer where somebody else holds it."""
        ticket = Ticket(nbytes, self._leave)
        self._tickets.add(ticket)
        try:
            yield ticket
        finally:
            ticket.let_go()

    def _leave(self, ticket: Ticket) -> None:
        self._tickets.discard(ticket)
        self._on_left()
