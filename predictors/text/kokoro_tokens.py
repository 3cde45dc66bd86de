"""What Kokoro's front ends give back, and the marks that they share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Token(NamedTuple):
    """A word with its sounds, or a mark or space, which has no text."""

    text: str
    symbols: str


_MARKS = str.maketrans(
    {
        **dict.fromkeys("。．｡", "."),
        **dict.fromkeys("、，､،", ","),
        **dict.fromkeys("‘’ʼ`´", "'"),
        **dict.fromkeys("«「『《〈„", "“"),
        **dict.fromkeys("»」』》〉", "”"),
        **dict.fromkeys("（[{【", "("),
        **dict.fromkeys("）]}】", ")"),
        **dict.fromkeys("–―─", "—"),
        **{
            "！": "!",
            "？": "?",
            "：": ":",
            "；": ";",
            "·": " ",
            "।": ".",
            "॥": ".",
            "¿": "",
            "¡": "",
        },
    }
)
_ELLIPSIS = re.compile(r"\.{2,}")
_REPEATED = re.compile(r"([;:,!?—])(?:\s*\1)+")
_MARK = r"""[;:,.!?—…"()“”]"""
_PART = re.compile(rf"\s+|{_MARK}|(?:(?!{_MARK})\S)+")


def plain_marks(text: str) -> str:
    """Text whose punctuation is only what Kokoro knows."""
    text = _ELLIPSIS.sub("…", text.translate(_MARKS))
    return _REPEATED.sub(r"\1", text)


def tokens_of(text: str, read_word: Callable[[str], str]) -> Iterator[Token]:
    """Words, marks and single spaces of a text in Kokoro's marks; `read_word` gives symbols."""
    for match in _PART.finditer(text):
        part = match[0]
        if part.isspace():
            yield Token("", " ")
        elif re.fullmatch(_MARK, part):
            yield Token("", part)
        else:
            yield Token(part, read_word(part))
