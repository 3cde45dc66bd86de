"""English for MeloTTS: times, money and numbers read out, ARPAbet from the CMU dictionary."""

import re
import unicodedata

from predictors.text.english.numbers import (
    DOLLAR,
    TITLES,
    Currency,
    amount_of_money,
    drop_thousands_commas,
    expand_abbreviations,
    expand_cardinals,
    expand_decimal_points,
    expand_ordinals,
    number_words,
)
from predictors.text.english.older_cmu_readings import first_pronunciation
from predictors.text.english.spelling_model import guess_phones
from predictors.text.melo_pieces import Pronunciation, WordPieces, pronounce_words
from predictors.text.plain_characters import drop_invisible

_CURRENCIES = {
    "$": DOLLAR,
    "£": Currency("pound sterling", "pounds sterling", "penny", "pence"),
    "€": Currency("euro", "euros", "cent", "cents"),
    "¥": Currency("yen", "yen", "sen", "sen"),
}
_MARKS = str.maketrans(
    {
        **dict.fromkeys(";:—–、，；：·", ","),
        **dict.fromkeys("‘’", "'"),
        **{"。": ".", "！": "!", "？": "?", "&": " and ", "%": " percent", "\n": " "},
    }
)
_CAMEL_CASE = re.compile(r"([a-z])([A-Z])")
_TIME = re.compile(
    r"(?<![0-9:])(2[0-3]|[01]?[0-9]):([0-5][0-9])(?![0-9:])(?:\s*([ap])(?:\.m\.?|m\b))?"
)
_MONEY = re.compile(r"([$£€¥])([0-9.,]*[0-9])")
_NOT_A_LETTER = re.compile("[^a-z]")


def normalize(text: str) -> str:
    """Lower-case text with everything that is not a word read out."""
    return " ".join(spell_out(text).translate(_MARKS).split()).replace(" ,", ",")


def spell_out(text: str) -> str:
    """Lower-case text with times, money, numbers and titles read out; marks stay as they are."""
    text = _CAMEL_CASE.sub(r"\1 \2", drop_invisible(text)).lower()
    text = _TIME.sub(lambda match: _time_words(match[1], match[2], match[3]), text)
    text = drop_thousands_commas(text)
    text = _MONEY.sub(
        lambda match: amount_of_money(match[2], _CURRENCIES[match[1]], joint=" "), text
    )
    text = expand_ordinals(expand_decimal_points(text))
    return expand_abbreviations(expand_cardinals(text, signed=True), TITLES)


def pronounce(text: str, word_pieces: WordPieces) -> Pronunciation:
    """ARPAbet in the symbol table's spelling; tone 1 to 3 is the stress of a vowel plus one."""
    return pronounce_words(word_pieces(text), _phones)


def _time_words(hour: str, minute: str, half: str | None) -> str:
    """ "15", "05" -> "three oh five p m"."""
    hours, minutes = int(hour), int(minute)
    words = [number_words(str((hours - 1) % 12 + 1))]
    if minutes:
        words += ["oh"] * (minutes < 10) + [number_words(minute)]
    return " ".join([*words, half or ("p" if hours >= 12 else "a"), "m"])


def _phones(word: str) -> list[tuple[str, int]]:
    plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if c.isascii())
    arpabet = first_pronunciation(plain) or _guess(_NOT_A_LETTER.sub("", plain))
    return [_phone_and_tone(phone) for phone in arpabet]


def _guess(letters: str) -> tuple[str, ...]:
    return guess_phones(letters) if letters else ()


def _phone_and_tone(arpabet: str) -> tuple[str, int]:
    """ "IY1" -> ("iy", 2). The symbol table writes the consonant V large: v is a Chinese vowel."""
    if arpabet[-1].isdigit():
        return arpabet[:-1].lower(), int(arpabet[-1]) + 1
    return ("V", 0) if arpabet == "V" else (arpabet.lower(), 0)
