"""Harmony Speech's English front end against the original."""

import pytest
from frontend_goldens import goldens
from linear_time import assert_linear_time

from predictors.text.english.harmonyspeech import SYMBOLS, clean, symbol_ids, text_to_ids
from predictors.text.errors import NoSpeakableText


@pytest.mark.parametrize(("text", "cleaned"), goldens("harmonyspeech.clean"))
def test_cleaning_equals_the_original(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(("text", "ids"), goldens("harmonyspeech.ids"))
def test_ids_equal_the_original(text: str, ids: list[int]) -> None:
    assert symbol_ids(clean(text)) == ids


def test_the_table_has_the_66_symbols_of_the_checkpoint() -> None:
    assert len(SYMBOLS) == len(set(SYMBOLS)) == 66
    assert (SYMBOLS[0], SYMBOLS[1], SYMBOLS[28], SYMBOLS[65]) == ("_", "~", "a", " ")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Mrs. Jones, Capt. of Co. B", "misess jones, captain of company b"),
        ("Sept. 3rd", "september third"),
        ("say {HH AH0} now", "say now"),
        ("an {open brace", "an {open brace"),
        ("he\x00llo \u200b wor\tld\n", "hello wor ld"),
        ("😀 hi", "hi"),
        ("你好", "ni hao"),
        ("Привет", "privet"),
    ],
)
def test_unusual_text_is_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("text", ["", "   \n", "...!?", "😀", "\x00\x07", "_~", "{HH AH0}"])
def test_text_without_a_letter_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(NoSpeakableText, match=r"text: nothing .* at least one word in English"):
        text_to_ids(text)


@pytest.mark.parametrize("part", ["a", "hello world, ", "{", "{a} ", "9", "é", "mr. "])
def test_100_000_characters_cost_linear_time(part: str) -> None:
    assert_linear_time(lambda text: symbol_ids(clean(text)), part, 100_000)
