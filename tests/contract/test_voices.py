"""Blends of voices as clients spell them."""

import pytest

from contract.errors import InvalidRequest
from contract.voices import is_blend, parse_blend


@pytest.mark.parametrize(
    ("voice", "shares"),
    [
        ("af_bella", {"af_bella": 1}),
        ("af_bella(2)+af_sky(1)", {"af_bella": 2 / 3, "af_sky": 1 / 3}),
        (" af_bella + af_sky ", {"af_bella": 0.5, "af_sky": 0.5}),
        ("af_bella(.5)+af_sky(1.5)", {"af_bella": 0.25, "af_sky": 0.75}),
        ("a(1)+b(2)+a(1)", {"a": 0.5, "b": 0.5}),
    ],
)
def test_shares_sum_to_one_and_every_voice_is_there_once(
    voice: str, shares: dict[str, float]
) -> None:
    assert dict(parse_blend(voice)) == pytest.approx(shares)
    assert sum(share for _, share in parse_blend(voice)) == pytest.approx(1)


@pytest.mark.parametrize(
    "voice",
    [
        "+",
        "a+",
        "a(",
        "a(x)",
        "a(0)",
        "a(-1)",
        "a(1e9)",
        "(2)",
        "a(2)b",
        "",
        "+".join("abcdefghijklmnopq"),
    ],
)
def test_a_broken_blend_names_the_field_and_the_spelling(voice: str) -> None:
    with pytest.raises(InvalidRequest, match=r"name_one\(2\)\+name_two\(1\)") as caught:
        parse_blend(voice)
    assert caught.value.param == "voice"


def test_a_plain_name_is_no_blend() -> None:
    assert not is_blend("af_bella")
    assert is_blend("af_bella+af_sky")
    assert is_blend("af_bella(2)")
