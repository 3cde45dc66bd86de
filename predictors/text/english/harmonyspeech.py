"""Harmony Speech's English front end: text -> the 66 characters its synthesizer was trained on."""

import string
from collections.abc import Iterator

from predictors.text.english.numbers import TITLES, expand_abbreviations, expand_numbers
from predictors.text.errors import NoSpeakableText
from predictors.text.plain_characters import drop_invisible, to_ascii

PAD, END = "_", "~"
SYMBOLS = (PAD, END, *string.ascii_uppercase, *string.ascii_lowercase, *"!'\"(),-.:;? ")
"""Position is id. The network's embedding has one row for each."""

_IDS = {symbol: position for position, symbol in enumerate(SYMBOLS)}
_SPOKEN_IDS = frozenset(_IDS[letter] for letter in string.ascii_letters)
_ABBREVIATIONS = TITLES | {
    "mk": "mark",
    "jan": "january",
    "feb": "february",
    "mar": "march",
    "apr": "april",
    "aug": "august",
    "sept": "september",
    "oct": "october",
    "nov": "november",
    "dec": "december",
}


def text_to_ids(text: str) -> list[int]:
    """Symbol ids of `text`, closed by the end symbol.

    Raises NoSpeakableText when no letter is left after cleaning.
    """
    ids = symbol_ids(clean(text))
    if _SPOKEN_IDS.isdisjoint(ids):
        raise NoSpeakableText("English")
    return ids


def clean(text: str) -> str:
    """Lower-case ASCII with numbers and abbreviations spelled out and single spaces."""
    text = "".join(_outside_braces(drop_invisible(text)))
    text = expand_numbers(to_ascii(text).lower())
    return " ".join(expand_abbreviations(text, _ABBREVIATIONS).split())


def symbol_ids(cleaned: str) -> list[int]:
    """Ids of cleaned text plus the end symbol; characters without a symbol are dropped."""
    ids = [_IDS[symbol] for symbol in cleaned if symbol in _IDS and symbol not in (PAD, END)]
    return [*ids, _IDS[END]]


def _outside_braces(text: str) -> Iterator[str]:
    """Parts of `text` outside "{...}", which marks phonetic spelling that has no symbols here."""
    while True:
        before, brace, rest = text.partition("{")
        inside, closing, after = rest.partition("}")
        if not closing:
            yield before + brace + rest
            return
        yield before
        text = after
