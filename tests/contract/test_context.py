"""Id, priority, deadline and trace travel through every hop."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.context import RequestContext, Trace
from contract.errors import DeadlineExceeded
from contract.lifecycle import StepTiming

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_deadline_only_comes_nearer():
    context = RequestContext(deadline_s=time.monotonic() + 5)
    assert context.within(100).deadline_s == context.deadline_s
    near = context.within(1)
    assert near.remaining_s == pytest.approx(1, abs=0.5)
    assert (near.request_id, near.trace) == (context.request_id, context.trace)


def test_a_passed_deadline_is_told():
    late = RequestContext(deadline_s=time.monotonic() - 1)
    with pytest.raises(DeadlineExceeded):
        late.check_deadline()
    RequestContext().check_deadline()


def test_what_another_room_reports_is_added():
    trace = Trace([StepTiming("a", 0.0, 1.0)], ["WAITING"], ["a"])
    copy = Trace([StepTiming("first", 0.0, 0.5)])
    copy.merge_json(trace.to_json())
    assert copy.steps == [StepTiming("first", 0.0, 0.5), StepTiming("a", 0.0, 1.0)]
    assert (copy.statuses, copy.cache_hits) == (["WAITING"], ["a"])


@given(
    st.text(max_size=20)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["steps", "statuses", "hits"]), inner)
        ),
    ).map(json.dumps)
)
def test_a_report_that_cannot_be_read_adds_all_or_nothing(text):
    trace = Trace()
    trace.merge_json(text)
    assert all(isinstance(one, StepTiming) for one in trace.steps)
    if trace.steps:
        assert {"steps", "statuses", "hits"} <= json.loads(text).keys()
