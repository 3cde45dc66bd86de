"""Korean for MeloTTS: Hangul letters as they sound; numbers and English words become Hangul."""

import re
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any

from predictors.text.english.cmu_dictionary import pronunciations
from predictors.text.korean.hangul import is_syllable, take_apart
from predictors.text.korean.loanwords import loanword
from predictors.text.korean.numbers import spell_numbers
from predictors.text.korean.pronunciation import pronounce_syllables, to_jamo
from predictors.text.korean.readings import respell
from predictors.text.load_once import load_once
from predictors.text.melo_pieces import PAUSE_PHONE, Pronunciation, WordPieces, pronounce_words
from predictors.text.optional_library import import_library
from predictors.text.plain_characters import drop_invisible

_HANJA = re.compile(
    "[\u2e80-\u2fff\u3005\u3007\u3021-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_MARKS = str.maketrans(
    {**dict.fromkeys("。．", "."), **dict.fromkeys("，、;:", ","), **{"！": "!", "？": "?"}}
)
_THOUSANDS = re.compile(r"(?<![0-9,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_DECIMAL = re.compile(r"(?<![0-9.])[0-9]+\.[0-9]+(?![0-9.])")
_PHRASES = {"1+1": "원플러스원", "2+1": "투플러스원"}
_LATIN_WORD = re.compile("[A-Za-z]+")
_ACRONYMS = {
    **{"KOREA": "코리아", "IDOL": "아이돌", "UP": "업", "DOWN": "다운", "IT": "아이티"},
    **{"PC": "피씨", "CCTV": "씨씨티비", "SNS": "에스엔에스", "AI": "에이아이", "CEO": "씨이오"},
    "IQ": "아이큐",
}
_LETTER_NAMES = {
    **{"a": "에이", "b": "비", "c": "씨", "d": "디", "e": "이", "f": "에프", "g": "지"},
    **{"h": "에이치", "i": "아이", "j": "제이", "k": "케이", "l": "엘", "m": "엠", "n": "엔"},
    **{"o": "오", "p": "피", "q": "큐", "r": "알", "s": "에스", "t": "티", "u": "유"},
    **{"v": "브이", "w": "더블유", "x": "엑스", "y": "와이", "z": "제트"},
}
_RUN = re.compile("[가-힣]+")
_STEM_CODAS = frozenset("ㄴㅁㄻㄺ")  # the others do not care


def normalize(text: str) -> str:
    """Lower-case text without Hanja; figures that hold marks, and some acronyms, in Hangul."""
    text = _HANJA.sub("", drop_invisible(text)).translate(_MARKS)
    for phrase, reading in _PHRASES.items():
        text = text.replace(phrase, reading)
    text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    text = _DECIMAL.sub(lambda match: spell_numbers(match[0]), text).replace("%", "퍼센트")
    text = _LATIN_WORD.sub(_acronym, text)
    return " ".join(text.lower().split())


def pronounce(text: str, word_pieces: WordPieces) -> Pronunciation:
    """Conjoining jamo of each word as it sounds. Korean has one tone."""
    return pronounce_words(word_pieces(text), _phones, unknown=PAUSE_PHONE)


def _acronym(match: re.Match[str]) -> str:
    word = match[0]
    letter = _LETTER_NAMES[word.lower()] if len(word) == 1 and word.isupper() else word
    return _ACRONYMS.get(word, letter)


@lru_cache(maxsize=16_384)
def _phones(word: str) -> tuple[tuple[str, int], ...]:
    """Phones of one word; characters that are neither Hangul, Latin nor digits have none."""
    hangul = _LATIN_WORD.sub(lambda match: _in_hangul(match[0].lower()), word)
    hangul = respell(spell_numbers(hangul))
    stem_ends = _stem_ends(hangul)
    phones: list[str] = []
    for run in _RUN.finditer(hangul):
        ends = {end - run.start() for end in stem_ends}
        phones.extend(to_jamo(pronounce_syllables(run[0], ends)))
    return tuple((phone, 0) for phone in phones)


def _in_hangul(word: str) -> str:
    """An English word by its sound, or letter by letter when no dictionary has it."""
    known = pronunciations(word)
    if known and len(word) > 1:
        return loanword(known[0])
    return "".join(_LETTER_NAMES[letter] for letter in word)


def _stem_ends(word: str) -> frozenset[int]:
    """Places in `word` of syllables that end a stem with ㄴ, ㅁ, ㄻ or ㄺ, by MeCab's tags."""
    if not any(is_syllable(c) and take_apart(c).coda in _STEM_CODAS for c in word[:-1]):
        return frozenset()
    ends, at = set(), 0
    for surface, tag in _tagger()(word):
        at += len(surface)
        if tag.rpartition("+")[2].startswith("V"):
            ends.add(at - 1)
    return frozenset(ends) if at == len(word) else frozenset()


@load_once
def _tagger() -> Callable[[str], list[tuple[str, str]]]:
    """MeCab with the Korean dictionary; it keeps state in a call, so calls take turns."""
    mecab: Any = import_library("mecab", "python-mecab-ko")
    tagger = mecab.MeCab()
    lock = Lock()

    def tag(word: str) -> list[tuple[str, str]]:
        with lock:
            return list(tagger.pos(word))

    return tag
