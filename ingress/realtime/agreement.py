"""Text that can be sent while somebody speaks: what two passes over the growing turn agree on.

LocalAgreement-2 (Liu, Spanakis and Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition
and Translation by Partial Hypothesis Selection", Interspeech 2020): a word is certain once two
passes in a row have it at the same place behind the same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)")
"""In scripts that put no spaces between words, a character is a word."""


def words_of(text: str) -> list[str]:
    """The words with the space before each; joined they are the text."""
    return _WORD.findall(text)


class Agreement:
    """Of the passes over one window of a turn."""

    def __init__(self) -> None:
        self._last: list[str] = []
        self._sent: list[str] = []

    @property
    def count(self) -> int:
        """Words that have been sent."""
        return len(self._sent)

    def add(self, words: Sequence[str]) -> str:
        """Take the next pass; returns the text that has become certain, maybe none."""
        certain = _common(self._last, words)
        self._last = list(words)
        fresh = list(words[len(self._sent) : certain])
        self._sent += fresh
        return "".join(fresh)

    def rest(self, words: Sequence[str]) -> str:
        """What the final words add to those that were sent; nothing where they contradict them."""
        same = _common(self._sent, words) == len(self._sent)
        return "".join(words[len(self._sent) :]) if same else ""

    def forget(self, count: int) -> None:
        """The window now begins behind so many words."""
        del self._last[:count], self._sent[:count]


def _common(one: Iterable[str], other: Iterable[str]) -> int:
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if _plain(mine) != _plain(theirs):
            break
        count += 1
    return count


def _plain(word: str) -> str:
    """Case and punctuation come and go between passes."""
    bare = "".join(char for char in word if unicodedata.category(char)[0] in "LMNS")
    return bare.casefold() or word.strip()
