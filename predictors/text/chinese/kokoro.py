"""Mandarin for Kokoro: pinyin as IPA, tones as arrows behind the vowel, words apart by spaces.

The spelling is that of hexgrad/misaki (misaki/zh.py): one letter for affricates, ɨ for the vowel of
"shi" and "si".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from predictors.text.chinese.numbers import spell_numbers
from predictors.text.chinese.words import Syllable, said_words
from predictors.text.english.kokoro import read_american
from predictors.text.kokoro_tokens import Token, plain_marks
from predictors.text.plain_characters import drop_invisible

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(ord("！"), ord("～") + 1)}
_INITIALS = {
    **{"b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l"},
    **{"g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ"},
    **{"sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": ""},
}
_FINALS = {
    **{"a": "a", "o": "wo", "e": "ɤ", "ai": "ai", "ei": "ei", "ao": "au", "ou": "ou"},
    **{"an": "an", "en": "ən", "ang": "aŋ", "eng": "əŋ", "er": "ɚ", "ong": "ʊŋ"},
    **{"i": "i", "ia": "ja", "ie": "je", "iao": "jau", "iou": "jou", "ian": "jɛn", "in": "in"},
    **{"iang": "jaŋ", "ing": "iŋ", "iong": "jʊŋ", "io": "jɔ"},
    **{"u": "u", "ua": "wa", "uo": "wo", "uai": "wai", "uei": "wei", "uan": "wan"},
    **{"uen": "wən", "uang": "waŋ", "ueng": "wəŋ"},
    **{"v": "y", "ve": "ɥe", "van": "ɥɛn", "vn": "yn"},
}
_ARROWS = {1: "→", 2: "↗", 3: "↓", 4: "↘"}
_BUZZED = frozenset(("zh", "ch", "sh", "r", "z", "c", "s"))
_PART = re.compile(r"[\u4e00-\u9fff]{1,100}|[A-Za-z'’]+(?:[ -][A-Za-z'’]+)*|.", re.DOTALL)


def read_mandarin(text: str) -> Iterator[Token]:
    """Tokens of Mandarin text; Latin words are read as English."""
    text = plain_marks(spell_numbers(drop_invisible(text).translate(_FULL_WIDTH)))
    is_after_word = False
    for match in _PART.finditer(text):
        part = match[0]
        if "\u4e00" <= part[0] <= "\u9fff":
            yield from [Token("", " ")] * is_after_word
            yield from _words(part)
        elif part[0].isascii() and part[0].isalpha():
            yield from [Token("", " ")] * is_after_word
            yield from read_american(part)
        else:
            yield Token("", " " if part.isspace() else part)
        is_after_word = part[-1].isalnum()


def _words(run: str) -> Iterator[Token]:
    for i, (word, syllables) in enumerate(said_words(run)):
        yield from [Token("", " ")] * (i > 0)
        yield Token(word, "".join(map(_symbols, syllables)))


def _symbols(syllable: Syllable) -> str:
    """("zh", "ong", 1) -> "ꭧʊ→ŋ"."""
    final = _FINALS.get(syllable.final, "")
    if syllable.final == "i" and syllable.initial in _BUZZED:
        final = "ɨ"
    elif syllable.final == "o" and not syllable.initial:
        final = "ɔ"
    vowels = final.rstrip("nŋ")
    tone = _ARROWS.get(syllable.tone, "") if final else ""
    return _INITIALS.get(syllable.initial, "") + vowels + tone + final[len(vowels) :]
