"""Text cut into pieces that can be spoken one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex  # type: ignore[import-untyped]  # ships no types

from ingress.languages import COUNTRIES

MAX_PIECE_CHARS = 400
"""Longer sentences are cut at a clause or a space: models' memory and time grow with length."""
PACKED_CHARS = 1000
"""Sentences packed together up to this length when nobody waits for the first of them."""

_WIDE_END = re.compile(r"(?<=[。！？])(?=\d)")
"""Where sentencex sees a number go on."""
_CLAUSE_END = re.compile(r"(?:[,;:—]\s|[，；：、,]\s?(?=[^\W\d]))")
_MIN_CLAUSE = 8
"""Letters: "Well," alone is no beginning."""
_CUTS = (re.compile(r"[,;:—，；：、]\s?"), re.compile(r"\s"))


def split(text: str, language: str | None) -> list[str]:
    """Sentences in order, each speakable and at most MAX_PIECE_CHARS long."""
    code = (language or "en").lower()[:2]
    sentences = sentencex.segment(COUNTRIES.get(code, code), text)
    pieces = (
        piece.strip()
        for sentence in sentences
        for part in _WIDE_END.split(sentence)
        for piece in _shortened(part)
    )
    return [piece for piece in pieces if is_speakable(piece)]


def first_clause(sentence: str) -> tuple[str, str]:
    """A sentence cut behind its first clause, where both parts are long enough to sound like one;
    the second part is empty where there is no such place."""
    for match in _CLAUSE_END.finditer(sentence):
        clause, rest = sentence[: match.end()].strip(), sentence[match.end() :].strip()
        if min(_weight(clause), _weight(rest)) >= _MIN_CLAUSE:
            return clause, rest
    return sentence, ""


def _weight(text: str) -> int:
    """Length in letters; a character of a script without spaces is worth three."""
    return sum(3 if char >= "\u3000" else 1 for char in text if char.isalnum())


def packed(pieces: list[str]) -> list[str]:
    """Neighbouring pieces joined up to PACKED_CHARS."""
    joined: list[str] = []
    for piece in pieces:
        if joined and len(joined[-1]) + len(piece) < PACKED_CHARS:
            joined[-1] = f"{joined[-1]} {piece}"
        else:
            joined.append(piece)
    return joined


def is_speakable(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _shortened(sentence: str) -> Iterator[str]:
    while len(sentence) > MAX_PIECE_CHARS:
        at = _cut_before(sentence)
        yield sentence[:at]
        sentence = sentence[at:]
    yield sentence


def _cut_before(sentence: str) -> int:
    """The last clause end, else space, in the second half of what fits; else what fits."""
    for pattern in _CUTS:
        ends = [m.end() for m in pattern.finditer(sentence, MAX_PIECE_CHARS // 2, MAX_PIECE_CHARS)]
        if ends:
            return ends[-1]
    return MAX_PIECE_CHARS
