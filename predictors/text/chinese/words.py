"""Words of Mandarin text with their readings: jieba cuts and tags, pypinyin reads."""

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from predictors.text.chinese.syllables import syllable_phones
from predictors.text.chinese.tones import Word, change_tones, move_boundaries
from predictors.text.load_once import load_once
from predictors.text.melo_pieces import PUNCTUATION, UNKNOWN_PHONE, Pronunciation, join
from predictors.text.optional_library import import_library

_NEUTRAL = 5
# No clause is longer without a mark; the cut bounds what jieba's tagger spends on rare characters.
_CLAUSE = re.compile(r"[\u4e00-\u9fff]{1,100}|[^\u4e00-\u9fff]")
_LOCK = Lock()  # jieba's part-of-speech tagger keeps state while it cuts


@dataclass(frozen=True)
class Syllable:
    """`final` is full pinyin without its tone, "" for a character that is not read."""

    initial: str
    final: str
    tone: int


@dataclass(frozen=True)
class _Libraries:
    tag_words: Callable[[str], list[Word]]
    split_word: Callable[[str], tuple[str, str]]
    read: Callable[[str], list[Syllable]]


def speak_words(text: str) -> Pronunciation:
    """Phones of Han characters and marks, one piece per character; white space has no piece.

    Tones change only inside a run of Han characters: a mark ends what is said in one breath.
    """
    parts: list[Pronunciation] = []
    for match in _CLAUSE.finditer(text):
        clause = match[0]
        if "\u4e00" <= clause[0] <= "\u9fff":
            parts.extend(_clause(clause))
        elif not clause.isspace():
            parts.append(_mark(clause))
    return join(parts)


def said_words(text: str) -> list[tuple[str, list[Syllable]]]:
    """Words of a run of Han characters, a syllable for each character, tones as they are said."""
    libraries = _libraries()
    with _LOCK:
        tagged = libraries.tag_words(text)
    words: list[tuple[str, list[Syllable]]] = []
    for word in move_boundaries(tagged, lambda part: [s.tone for s in libraries.read(part)]):
        syllables = libraries.read(word.text)
        tones = change_tones(word, [s.tone for s in syllables], libraries.split_word)
        said = [replace(one, tone=tone) for one, tone in zip(syllables, tones, strict=True)]
        words.append((word.text, said))
    return words


def _clause(text: str) -> Iterator[Pronunciation]:
    for word, syllables in said_words(text):
        for character, syllable in zip(word, syllables, strict=True):
            yield _character(character, syllable)


def _character(character: str, syllable: Syllable) -> Pronunciation:
    phones = syllable_phones(syllable.initial, syllable.final)
    if phones is None:
        return Pronunciation((UNKNOWN_PHONE,), (0,), (1,), (character,))
    return Pronunciation(phones, (syllable.tone, syllable.tone), (2,), (character,))


def _mark(mark: str) -> Pronunciation:
    if mark in PUNCTUATION:
        return Pronunciation((mark,), (0,), (1,), (mark,))
    return Pronunciation((), (), (0,), (mark,))


@load_once
def _libraries() -> _Libraries:
    """Load jieba's and pypinyin's dictionaries: about a second, so only when Chinese comes."""
    jieba: Any = import_library("jieba", "jieba")
    posseg: Any = import_library("jieba.posseg", "jieba")
    pypinyin: Any = import_library("pypinyin", "pypinyin")
    jieba.setLogLevel(logging.WARNING)  # it narrates its loading on stderr
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    tagger = posseg.POSTokenizer(tokenizer)

    def is_familiar(text: str) -> bool:
        """Guessing new words tries every part of speech on a character the tagger never saw."""
        return all(character in posseg.char_state_tab_P for character in text)

    def tag_words(text: str) -> list[Word]:
        pairs = tagger.lcut(text, HMM=is_familiar(text))
        return [Word(pair.word, pair.flag) for pair in pairs]

    def split_word(word: str) -> tuple[str, str]:
        shortest = min(tokenizer.cut_for_search(word, HMM=is_familiar(word)), key=len)
        cut = len(shortest) if word.startswith(shortest) else len(word) - len(shortest)
        return word[:cut], word[cut:]

    def read(word: str) -> list[Syllable]:
        style = pypinyin.Style
        initials = pypinyin.lazy_pinyin(word, style=style.INITIALS)
        finals = pypinyin.lazy_pinyin(word, style=style.FINALS_TONE3, neutral_tone_with_five=True)
        return [_syllable(*pair) for pair in zip(initials, finals, strict=True)]

    return _Libraries(tag_words, split_word, read)


def _syllable(initial: str, final: str) -> Syllable:
    """ "zh", "ang1" -> zh, ang, 1; a character without a reading comes back as itself."""
    if not final[-1:].isdigit():
        return Syllable("", "", _NEUTRAL)
    return Syllable(initial, final[:-1], int(final[-1]))
