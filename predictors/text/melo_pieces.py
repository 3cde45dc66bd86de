"""What every MeloTTS front end shares: word pieces, their groups, and phones laid over them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

WordPieces = Callable[[str], list[str]]
"""A BERT tokenizer: text -> word pieces, without [CLS] and [SEP]."""

UNKNOWN_PIECE = "[UNK]"
UNKNOWN_PHONE = "UNK"
PAUSE_PHONE = "_"
ENGLISH_TONE_START = 7  # the row of English in the tone table; Chinese starts at 0
PUNCTUATION = frozenset("!?…,.'-¿¡")

# A word keeps its inner apostrophes ("don't", "l'ami"): dictionaries know it whole.
_PLAIN_PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")


@dataclass(frozen=True)
class Pronunciation:
    """A stretch of text as sounds.

    `tones` has one entry per phone, counted from 0 inside the language. `word2ph` has one entry
    per word piece: how many phones it owns; the sum is the number of phones.
    """

    phones: tuple[str, ...]
    tones: tuple[int, ...]
    word2ph: tuple[int, ...]
    pieces: tuple[str, ...]


def plain_pieces(text: str) -> list[str]:
    """One piece per word and per mark: what to use when there is no BERT, hence no tokenizer."""
    return _PLAIN_PIECE.findall(text)


def group_pieces(pieces: Iterable[str]) -> list[list[str]]:
    """Word pieces of one word together: a piece that starts with "#" continues the word before."""
    groups: list[list[str]] = []
    for piece in pieces:
        if piece.startswith("#") and groups:
            groups[-1].append(piece.replace("#", ""))
        else:
            groups.append([piece])
    return groups


def distribute(n_phones: int, n_pieces: int) -> tuple[int, ...]:
    """Share phones evenly among the pieces of a word; the first pieces get what is left over."""
    share, extra = divmod(n_phones, n_pieces)
    return tuple(share + (i < extra) for i in range(n_pieces))


def join(parts: Iterable[Pronunciation]) -> Pronunciation:
    """The parts one after the other."""
    kept = tuple(parts)
    return Pronunciation(
        phones=tuple(chain.from_iterable(part.phones for part in kept)),
        tones=tuple(chain.from_iterable(part.tones for part in kept)),
        word2ph=tuple(chain.from_iterable(part.word2ph for part in kept)),
        pieces=tuple(chain.from_iterable(part.pieces for part in kept)),
    )


def pronounce_words(
    pieces: Iterable[str],
    phones_of: Callable[[str], Sequence[tuple[str, int]]],
    unknown: str = UNKNOWN_PHONE,
) -> Pronunciation:
    """Pronounce word by word.

    `phones_of(word)` gives (phone, tone) pairs; it is not asked about marks, which sound as
    themselves, nor about words that the tokenizer does not know: their letters are lost, so they
    become the single phone `unknown`.
    """
    return join(_word(group, phones_of, unknown) for group in group_pieces(pieces))


def _word(
    group: list[str], phones_of: Callable[[str], Sequence[tuple[str, int]]], unknown: str
) -> Pronunciation:
    word = "".join(group)
    if word == UNKNOWN_PIECE:
        pairs: Sequence[tuple[str, int]] = [(unknown, 0)]
    elif word in PUNCTUATION:
        pairs = [(word, 0)]
    elif any(character.isalnum() for character in word):
        pairs = phones_of(word)
    else:
        pairs = []  # an emoji or a stray sign: no library has a sound for it
    return Pronunciation(
        phones=tuple(phone for phone, _ in pairs),
        tones=tuple(tone for _, tone in pairs),
        word2ph=distribute(len(pairs), len(group)),
        pieces=tuple(group),
    )
