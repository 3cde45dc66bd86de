"""Errors cross the wire as what they are."""

import re

import pytest

from contract import errors
from contract.errors import (
    InvalidRequest,
    ModelFailed,
    Overloaded,
    SpeechError,
    Unavailable,
    error_from_wire,
)


def every_error(root=SpeechError):
    return [root, *(one for child in root.__subclasses__() for one in every_error(child))]


OURS = [kind for kind in every_error() if kind.__module__ == "contract.errors"]


@pytest.mark.parametrize("kind", OURS)
def test_an_error_arrives_as_it_left(kind):
    sent = kind("a message", param="speed", retry_after_s=2.5)
    found = error_from_wire(kind.status, sent.to_wire())
    assert type(found) is kind
    assert (found.message, found.param, found.retry_after_s) == ("a message", "speed", 2.5)
    assert str(found) == "a message"


@pytest.mark.parametrize("kind", OURS)
def test_the_drawn_tree_is_the_real_one(kind):
    line = next(
        line for line in errors.__doc__.splitlines() if re.search(rf"\b{kind.__name__}\b", line)
    )
    if kind is not SpeechError:
        assert str(kind.status) in line


def test_codes_are_unique():
    assert len({kind.code for kind in OURS}) == len(OURS)


def test_only_what_is_known_is_sent():
    assert ModelFailed("it broke").to_wire() == {"error": "it broke", "code": "model_failed"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, errors.Unauthorized),
        (404, errors.NotFound),
        (413, errors.PayloadTooLarge),
        (422, InvalidRequest),
        (429, Overloaded),
        (500, ModelFailed),
        (502, errors.ConnectionLost),
        (503, Unavailable),
        (504, errors.DeadlineExceeded),
        (418, ModelFailed),
    ],
)
def test_a_stranger_is_judged_by_its_status(status, kind):
    found = error_from_wire(status, {"detail": "no idea"})
    assert type(found) is kind
    assert found.message == f"a predictor answered {status}"


def test_a_code_that_does_not_fit_its_status_is_not_believed():
    assert type(error_from_wire(503, {"error": "x", "code": "invalid_request"})) is Unavailable


@pytest.mark.parametrize("wait", [True, "3", -1, float("nan"), float("inf"), 10**400, None, [1]])
def test_a_wait_that_is_no_time_is_dropped(wait):
    assert error_from_wire(429, {"error": "x", "retry_after_s": wait}).retry_after_s is None


def test_a_body_of_the_wrong_types_is_survived():
    found = error_from_wire(400, {"error": {"deep": 1}, "code": ["x"], "param": 3})
    assert (type(found), found.param) == (InvalidRequest, None)


def test_only_errors_of_the_moment_are_worth_another_try():
    transient = {kind.__name__ for kind in OURS if kind.is_transient}
    assert transient == {"Unavailable", "NotReached", "ModelNotReady"}


def test_an_error_is_renamed_in_field_and_message():
    error = InvalidRequest("audio is silent; send audio", param="audio").renamed({"audio": "input"})
    assert (error.param, error.message) == ("input", "input is silent; send audio")
    for param in ("audios", None):
        other = InvalidRequest("audios are many", param=param).renamed({"audio": "input"})
        assert (other.param, other.message) == (param, "audios are many")
