"""English numbers and abbreviations against the readings the voices were trained on."""

import pytest
from linear_time import assert_linear_time

from predictors.text.english.numbers import (
    DOLLAR,
    amount_of_money,
    cardinal_words,
    expand_abbreviations,
    expand_cardinals,
    expand_numbers,
    number_words,
    ordinal_words,
)


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"),
        ("007", "seven"),
        ("19", "nineteen"),
        ("42", "forty-two"),
        ("100", "one hundred"),
        ("999", "nine hundred ninety-nine"),
        ("1000", "one thousand"),
        ("12345", "twelve thousand, three hundred forty-five"),
        ("1000001", "one million one"),
        ("1" + "0" * 33, "one decillion"),
        ("1" + "0" * 36, "one" + " zero" * 36),
    ],
)
def test_cardinals_are_grouped_by_thousands(digits: str, words: str) -> None:
    assert cardinal_words(digits) == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("1001", "ten oh one"),
        ("1100", "eleven hundred"),
        ("1999", "nineteen ninety-nine"),
        ("2000", "two thousand"),
        ("2009", "two thousand nine"),
        ("2010", "twenty ten"),
        ("2999", "twenty-nine ninety-nine"),
        ("3000", "three thousand"),
    ],
)
def test_numbers_between_1000_and_3000_read_as_years(digits: str, words: str) -> None:
    assert number_words(digits) == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zeroth"),
        ("1", "first"),
        ("12", "twelfth"),
        ("21", "twenty-first"),
        ("40", "fortieth"),
        ("101", "one hundred and first"),
        ("1234", "one thousand, two hundred and thirty-fourth"),
        ("1000001", "one million and first"),
    ],
)
def test_ordinals_say_and_before_the_tens(digits: str, words: str) -> None:
    assert ordinal_words(digits) == words


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("1,234,567", "one million, two hundred thirty-four thousand, five hundred sixty-seven"),
        ("12.5%", "twelve point five%"),
        ("£1,200", "twelve hundred pounds"),
        ("$3.50", "three dollars, fifty cents"),
        ("$1.01", "one dollar, one cent"),
        ("$1.5", "one dollar, fifty cents"),
        ("$0", "zero dollars"),
        ("the 3rd, 22nd and 4th", "the third, twenty-second and fourth"),
        ("no digits", "no digits"),
        ("", ""),
    ],
)
def test_numbers_in_text_are_spelled_out(text: str, spoken: str) -> None:
    assert expand_numbers(text) == spoken


def test_a_malformed_amount_keeps_its_figures() -> None:
    assert amount_of_money("1.2.3", DOLLAR, joint=" ") == "1.2.3 dollars"


def test_a_sign_is_read_only_where_the_language_asks_for_it() -> None:
    assert expand_cardinals("at -5", signed=True) == "at minus five"
    assert expand_cardinals("at -5") == "at -five"


def test_abbreviations_need_a_word_edge_and_a_full_stop() -> None:
    table = {"dr": "doctor", "drs": "doctors"}
    assert expand_abbreviations("Dr. Who, drs. X, dr Y, hydr.", table) == (
        "doctor Who, doctors X, dr Y, hydr."
    )


@pytest.mark.parametrize("part", ["9", "1,", "$", "1."])
def test_long_runs_cost_linear_time(part: str) -> None:
    assert_linear_time(expand_numbers, part, 100_000)
