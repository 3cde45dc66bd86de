"""Cutting a text into pieces that a voice can say in one breath.

Two rules: by marks (OpenVoice, and MeloTTS where words have no spaces) and by length (MeloTTS in
Latin script). A figure such as 3.50 or 1,200 and a run of marks such as "?!" are never cut.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

Splitter = Callable[[str], list[str]]

_MAX_SHORT = 2  # pieces up to this many words (characters) join a neighbour
_MIN_GATHERED = 10  # pieces are gathered until they hold more words (characters) than this
_DESIRED_CHARACTERS = 256
_MAX_CHARACTERS = 512

_CJK_MARKS = str.maketrans({**dict.fromkeys("。！？；", "."), "，": ","})
_DROPPED_IN_LATIN = str.maketrans(
    {**dict.fromkeys('<>()[]"«»“”', None), **dict.fromkeys("‘’", "'")}
)
_MARKS = re.compile(r"[,.!?;]+(?!(?<=[0-9][.,])[0-9])")
_SENTENCE_MARKS = re.compile(r"[,.!?]+(?!(?<=[0-9][.,])[0-9])")
_ONLY_MARKS = re.compile(r"[\s.,;:!?]*")


def split_words(text: str) -> list[str]:
    """Pieces of more than 10 words, cut after marks; brackets and double quotes are dropped."""
    text = text.translate(_CJK_MARKS).translate(_DROPPED_IN_LATIN)
    return _gather(_cut_after_marks(text), size=_count_words)


def split_characters(text: str) -> list[str]:
    """Pieces of more than 10 characters, cut after marks: for scripts without spaces."""
    return _gather(_cut_after_marks(text.translate(_CJK_MARKS)), size=len)


def split_by_length(text: str) -> list[str]:
    """Pieces of about 256 characters, at most 512, cut after marks or else at spaces.

    Brackets and double quotes are dropped, and pieces of marks alone too.
    """
    text = text.translate(_CJK_MARKS).translate(_DROPPED_IN_LATIN)
    text = " ".join(_SENTENCE_MARKS.sub(r"\g<0> ", text).split())
    return [piece for piece in _cut_by_length(text) if not _ONLY_MARKS.fullmatch(piece)]


MELO_SPLITTERS: Mapping[str, Splitter] = {
    **dict.fromkeys(("EN", "ES", "FR", "SP"), split_by_length),
    **dict.fromkeys(("JP", "KR", "ZH", "ZH_MIX_EN"), split_characters),
}


def _cut_after_marks(text: str) -> list[str]:
    cuts = [0, *(match.end() for match in _MARKS.finditer(text)), len(text)]
    pieces = (" ".join(text[start:end].split()) for start, end in pairwise(cuts))
    # Text without any mark must not reach a network in one piece: attention is quadratic.
    return [part for piece in pieces for part in _cut_by_length(piece)]


def _cut_by_length(text: str) -> list[str]:
    cuts = [0]
    while cuts[-1] < len(text):
        cuts.append(_next_cut(text, cuts[-1]))
    return [text[start:end].strip() for start, end in pairwise(cuts)]


def _gather(pieces: Iterable[str], size: Callable[[str], int]) -> list[str]:
    gathered: list[str] = []
    current: list[str] = []
    for piece in pieces:
        current.append(piece)
        is_long = sum(map(len, current)) >= _DESIRED_CHARACTERS
        if is_long or sum(map(size, current)) > _MIN_GATHERED:
            gathered.append(" ".join(current))
            current = []
    return _merge_short([*gathered, " ".join(current)] if current else gathered, size)


def _merge_short(pieces: list[str], size: Callable[[str], int]) -> list[str]:
    """Join a short piece to the next one, and a short last one to the one before."""

    def is_short(piece: str) -> bool:
        return size(piece) <= _MAX_SHORT and len(piece) < _DESIRED_CHARACTERS

    merged: list[str] = []
    for piece in pieces:
        if merged and is_short(merged[-1]):
            merged[-1] = f"{merged[-1]} {piece}"
        else:
            merged.append(piece)
    if len(merged) > 1 and is_short(merged[-1]):
        last = merged.pop()
        merged[-1] = f"{merged[-1]} {last}"
    return merged


def _count_words(piece: str) -> int:
    return piece.count(" ") + 1


def _next_cut(text: str, start: int) -> int:
    """End of the piece that begins at `start`."""
    limit = start + _MAX_CHARACTERS
    last_mark = None
    for match in _SENTENCE_MARKS.finditer(text, start, limit):
        last_mark = match.end()
        if last_mark - start >= _DESIRED_CHARACTERS:
            return last_mark
    if len(text) <= limit:
        return len(text)
    if last_mark is not None:
        return last_mark
    space = text.rfind(" ", start + _DESIRED_CHARACTERS, limit)
    return space + 1 or start + _DESIRED_CHARACTERS
