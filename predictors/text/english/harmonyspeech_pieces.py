"""Long English texts cut into pieces that Harmony Speech's synthesizer says in one go."""

import re
from collections.abc import Iterator

from predictors.text.english.harmonyspeech import clean, symbol_ids
from predictors.text.errors import NoSpeakableText

MAX_PIECE_CHARACTERS = 400
"""About 25 s of speech. A cleaned text up to this is said in one pass, as the original does with
texts of any length; sentences that share a pass share one melody."""

_SENTENCE_END = re.compile(r"[.!?]+['\")]*\s")
_CLAUSE_END = re.compile(r"[,;:]['\")]*\s")
_SPACE = re.compile(r"\s")
_LETTER = re.compile(r"[A-Za-z]")
_CUTS = (_SENTENCE_END, _CLAUSE_END, _SPACE)


def text_to_pieces(text: str) -> list[list[int]]:
    """Symbol ids of every piece of `text`, each closed by the end symbol.

    Pieces without a letter are left out. Raises NoSpeakableText when no piece is left.
    """
    pieces = [symbol_ids(piece) for piece in _pieces(clean(text)) if _LETTER.search(piece)]
    if not pieces:
        raise NoSpeakableText("English")
    return pieces


def _pieces(cleaned: str) -> Iterator[str]:
    rest = cleaned
    while len(rest) > MAX_PIECE_CHARACTERS:
        end = _cut(rest)
        yield rest[:end].rstrip()
        rest = rest[end:].lstrip()
    if rest:
        yield rest


def _cut(text: str) -> int:
    """The last end of a sentence within reach, else of a clause, else of a word."""
    for mark in _CUTS:
        ends = [match.end() for match in mark.finditer(text, 0, MAX_PIECE_CHARACTERS)]
        if ends:
            return ends[-1]
    return MAX_PIECE_CHARACTERS
