"""French sounds of MeloTTS."""

import pytest
from melo_goldens import Spoken, goldens, melo_symbols, speak

from predictors.text.french.melo import normalize, pronounce
from predictors.text.melo_pieces import plain_pieces


@pytest.mark.parametrize(("text", "expected"), goldens("FR (no word pieces)"))
def test_french_sounds_as_the_original_front_end(text: str, expected: Spoken) -> None:
    assert speak(text, normalize, pronounce) == expected


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("", ""),
        ("?!", ""),
        ("Mme Curie et Mlle. Dupond", "madame Curie et mademoiselle Dupond."),
        ("av. J.-C. etc.", "avant Jésus Christ et cetera."),
        ("le maximum, rdv à 5 m.", "le maximum, rendez vous à 5 m."),
        ("L’ami & moi", "L'ami et moi."),
        ("100 %", "100 pour cent."),
        ("«Oui» [non]", "Oui non."),
        ("Quoi\x07 donc ?", "Quoi donc ?"),
    ],
)
def test_french_abbreviations_and_marks(text: str, clean: str) -> None:
    assert normalize(text) == clean


def test_every_french_phone_is_in_the_symbol_table() -> None:
    text = "Portez ce vieux whisky au juge blond qui fume; l'œuvre gagne à être vue aujourd'hui"
    assert set(pronounce(normalize(text), plain_pieces).phones) <= set(melo_symbols())


def test_an_elided_word_is_read_whole() -> None:
    assert "".join(pronounce("l'ami", plain_pieces).phones) == "lamˈi"


def test_a_word_of_symbols_has_no_sound() -> None:
    assert pronounce("😀 €", plain_pieces).phones == ()
