"""Words with their pronunciation, inside a text: what a `<phoneme>` of SSML becomes on its way.

Unicode has three characters for a text with a note to it (U+FFF9 to U+FFFB, "interlinear
annotation"); the note is IPA. Only synthesizers whose spec says `phonemes` are sent any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BEGIN, _NOTE, _END = "\ufff9", "\ufffa", "\ufffb"
_ANNOTATED = re.compile(f"{_BEGIN}([^{_BEGIN}-{_END}]*){_NOTE}([^{_BEGIN}-{_END}]*){_END}")
_MARKS = re.compile(f"[{_BEGIN}-{_END}]")


class Stretch(NamedTuple):
    """Part of a text."""

    text: str
    ipa: str = ""
    """How it is pronounced; empty: as it is spelled."""


def annotated(text: str, ipa: str) -> str:
    """`text` with a note how it is said."""
    return f"{_BEGIN}{without_marks(text)}{_NOTE}{without_marks(ipa)}{_END}"


def stretches(text: str) -> Iterator[Stretch]:
    """A text in order, cut where a pronunciation begins and ends. Marks without a partner go."""
    end = 0
    for found in _ANNOTATED.finditer(text):
        if before := without_marks(text[end : found.start()]):
            yield Stretch(before)
        if found[2].strip():
            yield Stretch(found[1], found[2].strip())
        elif found[1]:
            yield Stretch(found[1])
        end = found.end()
    if rest := without_marks(text[end:]):
        yield Stretch(rest)


def without_marks(text: str) -> str:
    return _MARKS.sub("", text)
