"""Errors cross the wire as what they are."""

import pytest

from contract import errors
from contract.errors import ERRORS_BY_CODE, InvalidRequest, ModelFailed, Overloaded, Unavailable
from transport.error_body import body_of_error, error_from_body

OURS = list(ERRORS_BY_CODE.values())


@pytest.mark.parametrize("kind", OURS)
def test_an_error_arrives_as_it_left(kind):
    sent = kind("a message", param="speed", retry_after_s=2.5)
    found = error_from_body(kind.status, body_of_error(sent))
    assert type(found) is kind
    assert (found.message, found.param, found.retry_after_s) == ("a message", "speed", 2.5)
    assert str(found) == "a message"


def test_only_what_is_known_is_sent():
    assert body_of_error(ModelFailed("it broke")) == {"error": "it broke", "code": "model_failed"}


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
    found = error_from_body(status, {"detail": "no idea"})
    assert type(found) is kind
    assert found.message == f"a predictor answered {status}"


def test_a_code_that_does_not_fit_its_status_is_not_believed():
    assert type(error_from_body(503, {"error": "x", "code": "invalid_request"})) is Unavailable


@pytest.mark.parametrize("wait", [True, "3", -1, float("nan"), float("inf"), 10**400, None, [1]])
def test_a_wait_that_is_no_time_is_dropped(wait):
    assert error_from_body(429, {"error": "x", "retry_after_s": wait}).retry_after_s is None


def test_a_body_of_the_wrong_types_is_survived():
    found = error_from_body(400, {"error": {"deep": 1}, "code": ["x"], "param": 3})
    assert (type(found), found.param) == (InvalidRequest, None)
