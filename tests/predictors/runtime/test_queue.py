"""Which units share a pass, and in what order requests are served."""

from __future__ import annotations

from collections.abc import Sequence

from contract.context import Priority
from contract.errors import ModelFailed
from predictors.runtime.model import Unit
from predictors.runtime.queue import Job, Outcome, PassLimits, Place, UnitQueue

LIMITS = PassLimits(size=16, cost=1024)


class Asked:
    """A request of units that cost what `costs` says, and what became of it."""

    def __init__(
        self, *costs: float, priority: Priority = Priority.INTERACTIVE, caller: str = ""
    ) -> None:
        self.outcome: Outcome | None = None
        self.has_left = False
        self.job = Job(
            [Unit(cost, cost) for cost in costs],
            priority,
            on_start=lambda: None,
            on_end=self._end,
            on_left=self._leave,
            caller=caller,
        )

    def _end(self, outcome: Outcome) -> None:
        assert self.outcome is None, "ended twice"
        self.outcome = outcome

    def _leave(self) -> None:
        assert not self.has_left, "left twice"
        self.has_left = True


def queue_of(*asked: Asked) -> UnitQueue:
    queue = UnitQueue(ageing_s=10.0)
    for one in asked:
        queue.put(one.job)
    return queue


def passes(queue: UnitQueue, limits: PassLimits = LIMITS) -> list[list[float]]:
    """The costs in each pass; a unit's result is its cost."""
    found = []
    while taken := queue.take(limits):
        found.append(works(taken))
        queue.record(taken, works(taken), 0.0)
    return found


def works(places: Sequence[Place]) -> list[float]:
    return [place.unit.work for place in places]


def test_every_unit_is_in_exactly_one_pass() -> None:
    costs = (10, 300, 40, 41, 900, 39, 300, 1)
    asked = Asked(*costs)
    found = passes(queue_of(asked))
    assert sorted(cost for one in found for cost in one) == sorted(costs)
    assert asked.outcome == list(costs)


def test_units_of_one_length_share_a_pass_within_the_limit_of_cost() -> None:
    assert [len(one) for one in passes(queue_of(Asked(*[200] * 12)))] == [5, 5, 2]


def test_a_unit_above_the_limit_runs_alone() -> None:
    assert passes(queue_of(Asked(2048, 2048))) == [[2048], [2048]]


def test_without_padding_costs_add_up() -> None:
    limits = PassLimits(size=16, cost=10, is_padded=False)
    assert passes(queue_of(Asked(6, 2, 2, 1)), limits) == [[6, 2, 2], [1]]


def test_a_request_without_units_ends_at_once() -> None:
    asked = Asked()
    assert passes(queue_of(asked)) == []
    assert asked.outcome == []
    assert asked.has_left


def test_no_more_units_than_the_limit_share_a_pass() -> None:
    limits = PassLimits(size=2, cost=1024)
    assert passes(queue_of(Asked(3, 3, 3), Asked(3, 3)), limits) == [[3, 3], [3, 3], [3]]


def test_discarded_request_leaves_when_its_pass_has_ended() -> None:
    asked = Asked(5, 5, 5)
    queue = queue_of(asked)
    taken = queue.take(PassLimits(size=1, cost=1024))
    queue.discard(asked.job)
    assert not queue.take(LIMITS)
    assert not asked.has_left
    queue.record(taken, works(taken), 0.0)
    assert asked.has_left
    assert asked.outcome is None


def test_units_that_are_given_back_keep_their_place() -> None:
    first, second = Asked(3), Asked(3)
    queue = queue_of(first, second)
    one = PassLimits(size=1, cost=1024)
    queue.give_back(queue.take(one))
    assert queue.take(one)[0].job is first.job
    assert not first.has_left


def test_a_failed_unit_ends_its_request_and_no_other() -> None:
    bad, good = Asked(3, 3), Asked(3)
    queue = queue_of(bad, good)
    taken = queue.take(PassLimits(size=1, cost=1024))
    queue.fail(taken, lambda: ModelFailed("cannot"))
    assert isinstance(bad.outcome, ModelFailed)
    assert bad.has_left
    assert passes(queue) == [[3]]
    assert good.outcome == [3]


def test_bulk_and_interactive_units_do_not_share_a_pass() -> None:
    asked = [Asked(3, priority=Priority.BATCH), Asked(3)]
    queue = queue_of(*asked)
    first = queue.take(LIMITS)
    assert [place.job for place in first] == [asked[1].job]


def test_a_long_request_lets_those_go_first_that_came_while_it_was_served() -> None:
    long, short = Asked(3, 3, 3), Asked(3)
    queue = queue_of(long)
    one = PassLimits(size=1, cost=1024)
    taken = queue.take(one)
    queue.put(short.job)
    queue.record(taken, works(taken), 60.0)
    assert queue.take(one)[0].job is short.job
    assert passes(queue) == [[3, 3]]
    assert long.outcome == [3, 3, 3]


def test_a_caller_with_many_requests_lets_others_go_first() -> None:
    many = [Asked(1000, caller="many") for _ in range(4)]
    queue = queue_of(*many)
    first = queue.take(LIMITS)
    other = Asked(900, caller="one")
    queue.put(other.job)
    queue.record(first, works(first), 5.0)
    assert passes(queue) == [[900], [1000], [1000], [1000]]


def test_callers_who_are_not_known_are_served_in_order_of_arrival() -> None:
    queue = queue_of(*(Asked(1000) for _ in range(2)))
    first = queue.take(LIMITS)
    queue.put(Asked(900).job)
    queue.record(first, works(first), 5.0)
    assert passes(queue) == [[1000], [900]]
