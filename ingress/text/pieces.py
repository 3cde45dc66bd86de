"""Pieces that are spoken one after another: what, by whom, how fast, what silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby

from ingress.selection import Speaker
from ingress.text.sentences import first_clause, packed

_CLAUSE_SILENCE_S = 0.15
"""About as long as a speaker stops at a comma."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one voice at one tempo, spoken by one call of the model."""

    text: str
    """Empty: silence alone."""
    speaker: Speaker
    rate: float = 1.0
    """Factor on the request's speed."""
    before_s: float = 0.0
    """Silence before it."""
    after_s: float | None = None
    """Silence after it; None: as the model ends it."""


@dataclass(slots=True)
class TextToSpeak:
    pieces: list[Piece]
    ignored: list[str] = field(default_factory=list)
    """Names of what was asked for and not followed."""


def with_early_start(pieces: list[Piece], max_chars: int) -> list[Piece]:
    """The same with a first piece that ends at its first clause, if it is longer than `max_chars`.

    0: as they are.
    """
    first, *others = pieces
    clause, rest = first_clause(first.text)
    if not 0 < max_chars < len(first.text) or not rest:
        return pieces
    begin = replace(first, text=clause, after_s=_CLAUSE_SILENCE_S)
    return [begin, replace(first, text=rest, before_s=0.0), *others]


def packed_pieces(pieces: Iterable[Piece]) -> list[Piece]:
    """Neighbours joined as far as a model may speak them at once, never over a silence."""
    joined: list[Piece] = []
    for (speaker, rate, _), group in groupby(
        _with_breath(pieces), lambda one: (one[0].speaker, one[0].rate, one[1])
    ):
        run = [piece for piece, _ in group]
        texts = packed([piece.text for piece in run])
        made = [Piece(text, speaker, rate) for text in texts]
        made[0] = replace(made[0], before_s=run[0].before_s)
        made[-1] = replace(made[-1], after_s=run[-1].after_s)
        joined += made
    return joined


def _with_breath(pieces: Iterable[Piece]) -> Iterable[tuple[Piece, int]]:
    """Each piece with the number of silences before it."""
    breath = 0
    for piece in pieces:
        yield piece, breath
        breath += piece.after_s is not None
