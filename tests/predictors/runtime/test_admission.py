"""How many requests, and how much memory of them, a model takes on."""

from __future__ import annotations

import pytest

from contract.context import Priority
from contract.errors import QueueFull
from predictors.runtime.admission import Admission

BULK, URGENT = Priority.BATCH, Priority.INTERACTIVE


def admission(left: list[str], *, waiting: int = 4, nbytes: int = 100) -> Admission:
    return Admission(
        max_waiting=waiting,
        max_bytes=nbytes,
        running=lambda: 0,
        on_left=lambda: left.append("left"),
    )


def test_a_request_larger_than_the_limit_is_taken_when_nothing_else_is_here() -> None:
    made = admission([])
    made.refuse_if_full(URGENT, 1.0, nbytes=1000)
    with made.entered(1000), pytest.raises(QueueFull, match="hold too much memory"):
        made.refuse_if_full(URGENT, 1.0, nbytes=1)
    made.refuse_if_full(URGENT, 1.0, nbytes=1000)


def test_bulk_may_fill_three_quarters_of_the_memory() -> None:
    made = admission([])
    with made.entered(50):
        made.refuse_if_full(BULK, 1.0, nbytes=25)
        with pytest.raises(QueueFull):
            made.refuse_if_full(BULK, 1.0, nbytes=26)
        made.refuse_if_full(URGENT, 1.0, nbytes=50)


def test_a_request_counts_until_the_last_who_works_for_it_has_let_go() -> None:
    left: list[str] = []
    made = admission(left, waiting=1)
    with made.entered(10) as ticket:
        ticket.hold()
    assert made.nbytes == 10
    with pytest.raises(QueueFull) as refused:
        made.refuse_if_full(URGENT, 7.0)
    assert refused.value.retry_after_s == 7.0
    assert not left
    ticket.let_go()
    assert left == ["left"]
    assert made.nbytes == 0
    made.refuse_if_full(URGENT, 1.0)
