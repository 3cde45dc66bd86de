"""Base64 as clients really send it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InvalidRequest
from ingress.media import from_base64, read_embedding


@given(st.binary(min_size=1, max_size=300))
def test_every_spelling_gives_the_bytes_back(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    broken_up = base64.encodebytes(data).decode()
    for_addresses = base64.urlsafe_b64encode(data).decode()
    spellings = (text, broken_up, for_addresses, for_addresses.rstrip("="), text.rstrip("="))
    for spelling in (*spellings, f"data:audio/wav;base64,{text}"):
        assert from_base64(spelling, param="input_audio") == data


@pytest.mark.parametrize(
    "text",
    ["", "  ", "=", "data:audio/wav;base64,", "a", "ab!d", "äöü=", "a-_!", "AA==AA==", "\x00"],
)
def test_garbage_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequest, match="input_audio") as caught:
        from_base64(text, param="input_audio")
    assert caught.value.param == "input_audio"


def test_an_endless_embedding_is_not_even_decoded() -> None:
    with pytest.raises(InvalidRequest, match="longer"):
        read_embedding("A" * (3 << 20), param="target_embedding")
