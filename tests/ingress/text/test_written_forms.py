"""What a person says for what is written, in every language whose written forms are read."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingress.text
from ingress.text.vocabulary import KEEPS_DIGITS, LANGUAGES, VOCABULARIES, locale_of
from ingress.text.written_forms import read_written_forms

TABLE = Path(__file__).parents[2] / "data" / "spoken_text.json"
"""Rows of language, what is sent, what is said."""
LONGEST_MATCH = 3000
"""Characters that one pattern may look at from one place."""
MOST_GROWTH = 32
"""Of a text's length: 17 is "siebenundsiebzig" for two digits; an address of marks has more."""
MARKS = "0123456789.,:;-–/$€£%@#+=<>()[]*_~&°½IVX akms\u00a0\u202fé日"


def read(language: str | None, text: str) -> str:
    return read_written_forms(text, locale_of(language, text))


@pytest.mark.parametrize(("language", "sent", "spoken"), json.loads(TABLE.read_text("utf-8")))
def test_it_is_read_as_a_person_would(language: str | None, sent: str, spoken: str) -> None:
    assert read(language, sent) == spoken


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "EN",
            "NASA and the U.S. met people, e.g. Ann O'Neil; I V and a MIX - quietly - of it.",
        ),
        ("FR", "Aujourd'hui, l'équipe (la nôtre) est là : tout va bien !"),
        ("JP", "これは東京です。3本の木と5匹の犬。"),
        ("ZH", "我有3个苹果，你呢？"),
        ("KR", "사과 3개와 배 2개."),
        ("RU", "Встреча 27.11.2026 в 14:30, цена 5 000 ₽."),
        ("nl", "Om 14:30 kost het € 3,50."),
    ],
)
def test_words_acronyms_and_other_languages_stay(language: str, text: str) -> None:
    assert read(language, text) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_every_number_to_a_hundred_thousand_in_its_own_words(
    language: str,
) -> None:
    spoken = {read(language, f"{number:d}") for number in (*range(2100), 12_345, 99_999)}
    assert len(spoken) == 2102
    if language not in KEEPS_DIGITS:
        assert not any(char.isdigit() for words in spoken for char in words)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("EN-US", "5/6/2026", "May sixth"),
        ("EN-GB", "5/6/2026", "June fifth"),
        ("EN", "31/12/2026", "December thirty-first"),
        ("EN", "2/30/2026", "two thirty"),
        ("EN", "13/13/2026", "thirteen"),
    ],
)
def test_the_order_of_a_date_is_the_region_s_and_no_day_is_invented(
    language: str, text: str, expected: str
) -> None:
    assert read(language, text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das ist nicht die Frage und wir sind da", "de"),
        ("Es la casa de los abuelos y no está lejos", "es"),
        ("Nous avons une maison dans la rue", "fr"),
        ("Questo è il libro della zia e non il mio", "it"),
        ("Não é para você, é uma casa do avô", "pt"),
        ("ここに3本", "ja"),
        ("我有3个", "zh"),
        ("사과 3개", "ko"),
        ("मेरे पास 3 सेब हैं", "hi"),
        ("Hello", "en"),
        ("Встреча в 14:30", ""),
        ("", "en"),
    ],
)
def test_a_language_that_nobody_named_is_guessed(text: str, language: str) -> None:
    assert locale_of(None, text).language == language


def test_every_language_has_every_word() -> None:
    for language, words in VOCABULARIES.items():
        empty = [name for name in words.__slots__ if not getattr(words, name) and name != "of"]
        assert empty == [], language


@given(st.text(max_size=400), st.sampled_from([*LANGUAGES, "ru", None]))
def test_any_text_is_answered_and_grows_by_a_bounded_factor(text: str, language: str) -> None:
    assert len(read(language, text)) <= MOST_GROWTH * len(text) + MOST_GROWTH


@given(st.text(alphabet=MARKS, max_size=200), st.sampled_from(LANGUAGES))
def test_any_heap_of_marks_leaves_no_digit_unread(text: str, language: str) -> None:
    spoken = read(language, text)
    assert len(spoken) <= MOST_GROWTH * len(text) + MOST_GROWTH
    if language not in KEEPS_DIGITS:
        assert not re.search(r"\d", spoken)


@pytest.mark.parametrize(
    "unit",
    [
        *("1", "1.", "1,", "1 ", "1-", "1:", "1/", "1–", "$1", "€1–", "+1", "(1", "1%", "1x", "1e"),
        *(
            "a.",
            "a@",
            "a@b.",
            "@",
            "#a",
            "/a",
            "a-",
            "http://",
            "am 1. ",
            "V",
            "IV ",
            "½",
            "~",
            "&",
        ),
        *("12:34", "9am ", "2026-11-27 ", "March 1, ", "1. Mai ", "1 000 ", "٣", "x=1 "),
    ],
)
@pytest.mark.parametrize("language", ["EN", "DE", "FR", "JP"])
def test_twenty_thousand_hostile_characters_are_answered(unit: str, language: str) -> None:
    text = (unit * 20_000)[:20_000]
    assert len(read(language, text)) <= MOST_GROWTH * len(text)


def _patterns() -> dict[str, re.Pattern[str]]:
    names = [
        one.name for one in pkgutil.iter_modules(ingress.text.__path__) if one.name != "markup"
    ]
    modules = {name: importlib.import_module(f"ingress.text.{name}") for name in names}
    found: dict[str, re.Pattern[str]] = {}
    for name, module in modules.items():
        for attribute, value in vars(module).items():
            values = value.values() if isinstance(value, dict) else [value]
            for number, one in enumerate(values):
                if isinstance(one, re.Pattern):
                    found[f"{name}.{attribute}.{number}"] = one
    return found


def test_no_pattern_looks_further_than_a_bounded_distance_from_where_it_stands() -> None:
    """So the steps of a whole reading are at most a constant for each character sent."""
    patterns = _patterns()
    assert len(patterns) > 50
    for name, pattern in patterns.items():
        if name.endswith("_SPACE.0"):
            continue  # one class, repeated, matched once
        parsed = re._parser.parse(pattern.pattern, pattern.flags)  # type: ignore[attr-defined]
        assert parsed.getwidth()[1] <= LONGEST_MATCH, name
