"""English sounds of MeloTTS."""

import pytest
from linear_time import assert_linear_time
from melo_goldens import Spoken, goldens, melo_symbols, speak

from predictors.text.english.melo import normalize, pronounce
from predictors.text.melo_pieces import plain_pieces


@pytest.mark.parametrize(("text", "expected"), goldens("EN (no word pieces)"))
def test_english_sounds_as_the_original_front_end(text: str, expected: Spoken) -> None:
    assert speak(text, normalize, pronounce) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("\x00\u200b \n", ""),
        ("15:05", "three oh five p m"),
        ("at 0:30", "at twelve thirty a m"),
        ("12:00 p.m.", "twelve p m"),
        ("7 pm", "seven pm"),
        ("12:34:56", "twelve,thirty-four,fifty-six"),
        ("£3.01", "three pounds sterling one penny"),
        ("€2", "two euros"),
        ("¥500", "five hundred yen"),
        ("-5 degrees", "minus five degrees"),
        ("1.5%", "one point five percent"),
        ("iPhone", "i phone"),
        ("Mr. and Mrs. Jones", "mister and misess jones"),
        ("the 21st; A & B", "the twenty-first, a and b"),
        ("It’s", "it's"),
    ],
)
def test_figures_and_abbreviations_are_read_out(text: str, words: str) -> None:
    assert normalize(text) == words


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("don't", "d ow n t"),
        ("were", "w er"),
        ("voice", "V oy s"),
        ("café", "k ah f ey"),
        ("kubernetes", "k ah b er n ah t s"),
        ("世界", ""),
        ("😀", ""),
    ],
)
def test_words_in_and_outside_the_dictionary(word: str, phones: str) -> None:
    assert pronounce(word, plain_pieces).phones == tuple(phones.split())


def test_stress_is_the_tone_of_a_vowel() -> None:
    assert pronounce("alphabet", plain_pieces).tones == (2, 0, 0, 1, 0, 3, 0)


def test_a_guessed_word_has_at_most_twenty_phones_in_the_symbol_table() -> None:
    phones = pronounce("b" * 100_000, plain_pieces).phones
    assert 0 < len(phones) <= 20
    assert set(phones) <= set(melo_symbols())


def test_a_word_the_tokenizer_does_not_know_is_the_unknown_phone() -> None:
    sounds = pronounce("", lambda _: ["hello", "[UNK]", "em", "##bed", "##ding", "!"])
    assert sounds.word2ph == (4, 1, 3, 2, 2, 1)
    assert sounds.phones[4] == "UNK"


def test_a_long_english_text_takes_linear_time() -> None:
    def check(text: str) -> None:
        assert len(pronounce(normalize(text), plain_pieces).pieces) >= len(text) // 19 * 8

    for part in ("1", "$1,2.", "12:"):
        assert_linear_time(normalize, part, 100_000)
    assert_linear_time(check, "At 3:30 pm, $2.50. ", 95_000)
