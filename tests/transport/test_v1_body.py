"""Bodies of V1, and how the branches of an Ensemble are merged."""

import pytest

from contract.errors import InvalidRequest
from transport.v1_body import instances_from_body


@pytest.mark.parametrize("key", ["instances", "predictions"])
def test_a_body_may_be_a_request_or_the_answer_of_the_step_before(key):
    assert instances_from_body({key: [{"a": 1}, {"b": 2}]}) == [{"a": 1}, {"b": 2}]


def test_branches_are_merged_instance_by_instance():
    merged = instances_from_body(
        {
            "embed": {"predictions": [{"id": 1, "e": 1}, {"id": 2, "e": 2}]},
            "speak": {"predictions": [{"id": 1, "s": 1}, {"id": 2, "s": 2}]},
        }
    )
    assert merged == [{"id": 1, "e": 1, "s": 1}, {"id": 2, "e": 2, "s": 2}]


def test_what_a_branch_made_wins_over_what_came_with_the_request():
    came, made = {"audio": "old", "n": 1}, {"audio": "new", "n": 1, "produced": ["audio"]}
    for branches in ({"a": [came], "b": [made]}, {"a": [made], "b": [came]}):
        body = {name: {"predictions": items} for name, items in branches.items()}
        assert instances_from_body(body) == [made]


def test_two_branches_that_made_the_same_thing_differently_are_refused():
    made = [{"audio": str(n), "produced": ["audio"]} for n in range(2)]
    with pytest.raises(InvalidRequest, match="disagree about 'audio'") as error:
        instances_from_body({"a": {"predictions": made[:1]}, "b": {"predictions": made[1:]}})
    assert error.value.param == "audio"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        "x",
        {"instances": []},
        {"instances": {}},
        {"instances": [1]},
        {"instances": [{}] * 257},
        {"inputs": []},
        {"embed": {"error": "it broke"}, "speak": {"predictions": [{}]}},
        {"a": {"predictions": [{}]}, "b": {"predictions": [{}, {}]}},
        {"a": 3},
    ],
)
def test_bodies_that_are_no_instances_are_refused(body):
    with pytest.raises(InvalidRequest):
        instances_from_body(body)
