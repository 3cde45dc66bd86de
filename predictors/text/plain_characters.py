"""Characters that no voice can say: dropped, or spelled with the ASCII letters nearest to them."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from predictors.text.optional_library import import_library

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
)
_WITHOUT_ASCII = "[?]"  # text-unidecode's answer where its table has a hole
# text-unidecode has no space here, so "2½" would read as twenty-one halves.
_FRACTIONS = {"¼": " 1/4", "½": " 1/2", "¾": " 3/4"}


def drop_invisible(text: str) -> str:
    """Text without control characters, zero-width characters and direction marks.

    White space stays, line ends too.
    """
    return _INVISIBLE.sub("", text)


def to_ascii(text: str) -> str:
    """Text in ASCII: "café" -> "cafe", "—" -> "--"; what has no ASCII spelling is dropped."""
    if text.isascii():
        return text
    return "".join(character if character.isascii() else _ascii_of(character) for character in text)


@lru_cache(maxsize=8192)
def _ascii_of(character: str) -> str:
    if character in _FRACTIONS:
        return _FRACTIONS[character]
    library = import_library("text_unidecode", "text-unidecode")
    unidecode = cast(Callable[[str], str], library.unidecode)
    spelled = unidecode(character)
    if spelled and not spelled.startswith(_WITHOUT_ASCII):
        return spelled
    # Its table ends at U+FFFF and has holes: styled letters and signs still have a plain form.
    plain = unicodedata.normalize("NFKC", character)
    return "" if plain == character else unidecode(plain).replace(_WITHOUT_ASCII, "")
