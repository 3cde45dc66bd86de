"""Every request is in one of six states and moves only as drawn."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import (
    Cancelled,
    DeadlineExceeded,
    InvalidAudio,
    ModelFailed,
    ModelNotFound,
    PayloadTooLarge,
    QueueFull,
    Unauthorized,
    Unavailable,
    Unroutable,
)
from contract.lifecycle import IllegalTransition, Lifecycle, Status

DRAWN = {
    ("WAITING", "RUNNING"),
    ("WAITING", "FINISHED_ABORTED"),
    ("WAITING", "FINISHED_IGNORED"),
    ("RUNNING", "FINISHED_FORWARDED"),
    ("RUNNING", "FINISHED_STOPPED"),
    ("RUNNING", "FINISHED_ABORTED"),
    ("RUNNING", "FINISHED_IGNORED"),
    ("FINISHED_FORWARDED", "RUNNING"),
    ("FINISHED_FORWARDED", "FINISHED_ABORTED"),
}


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def statuses(lifecycle):
    return [one.status.value for one in lifecycle.transitions]


def in_status(status):
    lifecycle = Lifecycle()
    if status is not Status.WAITING:
        with lifecycle.step("one"):
            pass
    if status is Status.FINISHED_STOPPED:
        lifecycle.stop()
    if status is Status.FINISHED_ABORTED:
        lifecycle.fail(ModelFailed("x"))
    if status is Status.FINISHED_IGNORED:
        lifecycle.fail(Unroutable("x"))
    assert lifecycle.status is status
    return lifecycle


def begin(lifecycle):
    with lifecycle.step("another"):
        pass


ACTIONS = {
    "begin": begin,
    "stop": Lifecycle.stop,
    "abort": lambda lifecycle: lifecycle.fail(ModelFailed("x")),
    "ignore": lambda lifecycle: lifecycle.fail(QueueFull("x")),
}
STATUSES = [status for status in Status if status is not Status.FINISHED_FORWARDED]
ALLOWED = {
    Status.WAITING: {"begin", "abort", "ignore"},
    Status.RUNNING: {"begin", "stop", "abort", "ignore"},
}


@pytest.mark.parametrize(("status", "action"), list(itertools.product(STATUSES, ACTIONS)))
def test_every_action_in_every_state_is_drawn_or_refused(status, action):
    lifecycle = in_status(status)
    before = lifecycle.transitions
    if action in ALLOWED.get(status, set()):
        ACTIONS[action](lifecycle)
        assert len(lifecycle.transitions) > len(before)
    else:
        with pytest.raises(IllegalTransition):
            ACTIONS[action](lifecycle)
        assert lifecycle.transitions == before


@given(st.lists(st.sampled_from(sorted(ACTIONS)), max_size=12))
def test_no_order_of_actions_leaves_the_drawing(actions):
    lifecycle = Lifecycle()
    for action in actions:
        try:
            ACTIONS[action](lifecycle)
        except IllegalTransition:
            continue
    seen = statuses(lifecycle)
    assert seen[0] == "WAITING"
    assert set(itertools.pairwise(seen)) <= DRAWN
    assert lifecycle.is_finished == (
        seen[-1]
        in {
            "FINISHED_STOPPED",
            "FINISHED_ABORTED",
            "FINISHED_IGNORED",
        }
    )


def test_the_record_cannot_be_rewritten():
    lifecycle = Lifecycle()
    assert isinstance(lifecycle.transitions, tuple)
    assert isinstance(lifecycle.timings, tuple)
    with pytest.raises(AttributeError):
        lifecycle.status = Status.FINISHED_STOPPED
    with pytest.raises(AttributeError):
        lifecycle.transitions = ()
    with pytest.raises(TypeError):
        Lifecycle(transitions=[])


def test_a_chain_is_forwarded_from_step_to_step():
    clock = Clock()
    lifecycle = Lifecycle(clock)
    clock.now += 1
    for name, seconds in (("encoder", 2), ("synthesizer", 3)):
        with lifecycle.step(name):
            clock.now += seconds
    lifecycle.stop()
    assert statuses(lifecycle) == [
        "WAITING",
        "RUNNING",
        "FINISHED_FORWARDED",
        "RUNNING",
        "FINISHED_STOPPED",
    ]
    assert [one.step for one in lifecycle.transitions] == [
        None,
        "encoder",
        "synthesizer",
        "synthesizer",
        None,
    ]
    assert [(t.step, t.start_s, t.duration_s) for t in lifecycle.timings] == [
        ("encoder", 1, 2),
        ("synthesizer", 3, 3),
    ]
    assert lifecycle.age_s == 6


def test_steps_that_overlap_are_one_run():
    lifecycle = Lifecycle()
    with lifecycle.step("reference"):
        with lifecycle.step("base speech"):
            pass
        with lifecycle.step("more"):
            pass
    with lifecycle.step("conversion"):
        pass
    assert statuses(lifecycle)[:4] == ["WAITING", "RUNNING", "FINISHED_FORWARDED", "RUNNING"]
    assert [one.step for one in lifecycle.timings] == [
        "base speech",
        "more",
        "reference",
        "conversion",
    ]


def test_no_step_starts_after_the_end_even_beside_a_running_one():
    lifecycle = Lifecycle()
    with lifecycle.step("slow"):
        lifecycle.fail(Cancelled("gone"))
        with pytest.raises(IllegalTransition, match="late cannot start"), lifecycle.step("late"):
            raise AssertionError("the step must not run")
    assert lifecycle.status is Status.FINISHED_ABORTED


def test_a_step_that_fails_is_timed_all_the_same():
    clock = Clock()
    lifecycle = Lifecycle(clock)

    def run():
        with lifecycle.step("bad"):
            clock.now += 4
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run()
    assert lifecycle.timings[0].duration_s == 4
    assert lifecycle.status is Status.RUNNING


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (Unroutable("x"), "FINISHED_IGNORED"),
        (InvalidAudio("x"), "FINISHED_IGNORED"),
        (QueueFull("x"), "FINISHED_IGNORED"),
        (PayloadTooLarge("x"), "FINISHED_IGNORED"),
        (ModelNotFound("x"), "FINISHED_IGNORED"),
        (Unauthorized("x"), "FINISHED_IGNORED"),
        (ModelFailed("x"), "FINISHED_ABORTED"),
        (Unavailable("x"), "FINISHED_ABORTED"),
        (DeadlineExceeded("x"), "FINISHED_ABORTED"),
        (Cancelled("x"), "FINISHED_ABORTED"),
        (KeyboardInterrupt(), "FINISHED_ABORTED"),
    ],
)
def test_the_refused_are_ignored_and_the_broken_aborted(error, end):
    lifecycle = Lifecycle()
    lifecycle.fail(error)
    assert statuses(lifecycle) == ["WAITING", end]
    assert lifecycle.is_finished
