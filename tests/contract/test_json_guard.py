"""JSON that would cost more than it weighs, or that has no spelling for its values, is refused."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InvalidRequest, PayloadTooLarge
from contract.json_guard import MAX_DEPTH, MAX_ITEMS, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@given(VALUES.filter(lambda value: "\\ud" not in json.dumps(value)))
def test_whatever_json_can_say_is_read(value):
    assert read_json(json.dumps(value).encode()) == value


def test_a_byte_order_mark_before_the_text_is_skipped():
    assert read_json('\ufeff{"a": 1}'.encode()) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "param", "words"),
    [
        ("", "body", "JSON"),
        ("{", "body", "JSON"),
        ('{"a": 1,}', "body", "JSON"),
        ("\ufeff", "body", "JSON"),
        ('{"a": [0, NaN]}', "a[1]", "finite"),
        ('{"a": {"b": -Infinity}}', "a.b", "finite"),
        ('{"a": 1e999}', "a", "finite"),
        ("NaN", "body", "finite"),
        ('{"a": "\\ud800"}', "a", "Unicode"),
        ('{"a": {"\\udc00": 1}}', "a.?", "Unicode"),
        ('{"' + "n" * 1000 + '": NaN}', "n" * 64 + "…", "finite"),
        ("[" * 100_000, "body", "nested"),
        ("[" * 100_000 + "]" * 100_000, "body", "nested"),
        ('{"a":' * 500 + "NaN" + "}" * 500, "a.a.a", "nested"),
        ("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), "body", "nested"),
    ],
)
def test_what_is_wrong_is_named(text, param, words):
    with pytest.raises(InvalidRequest, match=words) as error:
        read_json(text.encode())
    assert error.value.param == param


def test_an_object_with_a_name_is_called_by_it():
    text = b'{"inputs": [{"name": "mel", "data": [1, NaN]}]}'
    with pytest.raises(InvalidRequest, match="mel must be a finite number"):
        read_json(text, named_by="name")


def test_depth_up_to_the_bound_is_read():
    value = read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert isinstance(value, list)
    assert len(read_json(b"[" + b"[]," * 1000 + b"[]]")) == 1001


def test_more_values_than_the_bound_are_refused_before_they_are_made():
    body = b"[" + b"[]," * MAX_ITEMS + b"[]]"
    tracemalloc.start()
    try:
        with pytest.raises(PayloadTooLarge, match="binary tensors"):
            read_json(body)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
