"""Spanish sounds of MeloTTS."""

import pytest
from linear_time import assert_linear_time
from melo_goldens import Spoken, goldens, melo_symbols, speak

from predictors.text.melo_pieces import plain_pieces
from predictors.text.spanish.melo import normalize, pronounce


@pytest.mark.parametrize(("text", "expected"), goldens("ES (no word pieces)"))
def test_spanish_sounds_as_the_original_front_end(text: str, expected: Spoken) -> None:
    assert speak(text, normalize, pronounce) == expected


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("", ""),
        ("   ", ""),
        ("...", ""),
        ("Uno; dos: tres", "uno, dos, tres."),
        ("bien-estar (ya) «sí»", "bien estar ya sí."),
        ("pan & agua", "pan y agua."),
        ("el 50%", "el 50 por ciento."),
        ("a\x00b\x1bc\u200bd", "abcd."),
        ("¿Quién?", "¿quién?"),
        ("Hola。 ¿Sí？", "hola. ¿sí?"),
        ("“Hola”", "hola."),
    ],
)
def test_spanish_keeps_only_marks_that_the_voice_knows(text: str, clean: str) -> None:
    assert normalize(text) == clean


def test_every_spanish_phone_is_in_the_symbol_table() -> None:
    text = "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío; añoraba al perro"
    assert set(pronounce(normalize(text), plain_pieces).phones) <= set(melo_symbols())


def test_an_emoji_is_a_piece_without_sounds() -> None:
    sounds = pronounce("hola 😀.", plain_pieces)
    assert sounds.pieces == ("hola", "😀", ".")
    assert sounds.word2ph == (4, 0, 1)


def test_pieces_of_a_word_share_its_phones_and_unknown_words_are_one_phone() -> None:
    sounds = pronounce("", lambda _: ["mu", "##ndo", "[UNK]", "."])
    assert sounds.phones == ("m", "ˈ", "u", "n", "d", "o", "UNK", ".")
    assert sounds.word2ph == (3, 3, 1, 1)


def test_a_long_spanish_text_takes_linear_time() -> None:
    def check(text: str) -> None:
        pieces = pronounce(normalize(text), plain_pieces).pieces
        assert len(pieces) == 2 * (len(text) // 13) + 1

    assert_linear_time(check, "hola mundo - ", 65_000)
