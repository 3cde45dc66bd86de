"""Characters that cannot be said are dropped or spelled with the nearest ASCII."""

import pytest

from predictors.text.plain_characters import drop_invisible, to_ascii


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("plain", "plain"),
        ("café — “naïve”…", 'cafe -- "naive"...'),
        ("cafe\u0301", "cafe"),
        ("Straße", "Strasse"),
        ("2½ cups", "2 1/2 cups"),
        ("𝐇𝐞𝐥𝐥𝐨", "Hello"),
        ("ﬁne ℃", "fine degC"),
        ("Ɂ", ""),
        ("😀", ""),
        ("\ud800", ""),
        ("你好", "Ni Hao "),
    ],
)
def test_text_becomes_ascii(text: str, ascii_text: str) -> None:
    assert to_ascii(text) == ascii_text


def test_invisible_characters_leave_no_trace_but_white_space_stays() -> None:
    assert drop_invisible("a\x00b\u200bc\u202ed\ufeff\te\nf\x7f") == "abcd\te\nf"
