"""Id, priority, deadline and trace travel through every hop."""

import time

import pytest

from contract.context import DEFAULT_TIMEOUT_S, Priority, RequestContext
from contract.errors import InvalidRequest
from transport.headers import context_from_headers, context_headers

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_context_crosses_a_hop():
    sent = RequestContext("req-1", Priority.BATCH, time.monotonic() + 10, TRACEPARENT)
    found = context_from_headers(context_headers(sent))
    assert (found.request_id, found.priority) == ("req-1", Priority.BATCH)
    assert found.remaining_s == pytest.approx(10, abs=0.5)
    assert found.traceparent == TRACEPARENT, "whoever answers is below the span that asked"


def test_what_is_private_stays_so_across_a_hop():
    assert context_from_headers(context_headers(RequestContext(is_private=True))).is_private
    assert not context_from_headers(context_headers(RequestContext())).is_private


@pytest.mark.parametrize(
    ("value", "is_private"),
    [
        ("no-store", True),
        ("max-age=0, No-Store", True),
        ("no-cache", False),
        ("no-storeroom", False),
        ("", False),
    ],
)
def test_cache_control_is_read_as_http_spells_it(value, is_private):
    assert context_from_headers({"cache-control": value}).is_private is is_private


def test_a_trace_that_is_not_sampled_stays_so():
    quiet = context_from_headers({"traceparent": TRACEPARENT[:-2] + "00"})
    assert context_headers(quiet)["traceparent"].endswith("-00")


def test_without_headers_everything_is_made_anew():
    one, other = context_from_headers({}), context_from_headers({})
    assert one.request_id != other.request_id
    assert one.traceparent.split("-")[1] != other.traceparent.split("-")[1]
    assert one.priority is Priority.INTERACTIVE
    assert one.remaining_s == pytest.approx(DEFAULT_TIMEOUT_S, abs=1)


@pytest.mark.parametrize("request_id", ["", "x" * 129, "a b", "a\nb", "é", "<script>"])
def test_an_id_that_could_spoil_a_log_is_replaced(request_id):
    assert context_from_headers({"x-request-id": request_id}).request_id != request_id


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "x",
        TRACEPARENT.upper(),
        TRACEPARENT + "-00",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
    ],
)
def test_an_invalid_trace_starts_anew(traceparent):
    found = context_from_headers({"traceparent": traceparent}).traceparent
    assert found != traceparent
    assert context_from_headers({"traceparent": found}).traceparent == found


def test_priority_is_read_in_any_case():
    assert context_from_headers({"x-speech-priority": "Batch"}).priority is Priority.BATCH


@pytest.mark.parametrize("value", ["", "urgent", "1"])
def test_an_unknown_priority_is_refused(value):
    with pytest.raises(InvalidRequest, match="interactive or batch") as error:
        context_from_headers({"x-speech-priority": value})
    assert error.value.param == "x-speech-priority"


@pytest.mark.parametrize("value", ["", "0", "-5", "1.5", "soon", "1e3", "9" * 13, "１２"])
def test_a_timeout_that_is_no_number_of_milliseconds_is_refused(value):
    with pytest.raises(InvalidRequest, match="positive whole number") as error:
        context_from_headers({"x-speech-timeout-ms": value})
    assert error.value.param == "x-speech-timeout-ms"


def test_a_caller_cannot_wait_longer_than_the_server_allows():
    found = context_from_headers({"x-speech-timeout-ms": "999999999"}, max_timeout_s=20)
    assert found.remaining_s == pytest.approx(20, abs=0.5)


def test_a_passed_deadline_leaves_a_positive_timeout():
    late = RequestContext(deadline_s=time.monotonic() - 1)
    assert int(context_headers(late)["x-speech-timeout-ms"]) >= 1
