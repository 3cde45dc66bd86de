"""OpenVoice's Mandarin front end: text -> IPA characters with tone arrows."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from predictors.text.load_once import load_once
from predictors.text.optional_library import import_library
from predictors.text.plain_characters import drop_invisible

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_MAX_NUMBER_DIGITS = 16  # what cn2an has names for; longer numbers are read digit by digit
_DIGITS = str.maketrans("0123456789.", "零一二三四五六七八九点")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．", "0123456789.")
_PAUSES = str.maketrans("、；：", "，，，")
_HAN = re.compile("[\u4e00-\u9fff]")
_TONELESS = re.compile("([\u3105-\u3129])$")
_FIRST_TONE = "ˉ"

# How the name of a Latin letter is said in Mandarin.
# fmt: off
_LETTER_NAMES = {
    "a": "ㄟˉ", "b": "ㄅㄧˋ", "c": "ㄙㄧˉ", "d": "ㄉㄧˋ", "e": "ㄧˋ", "f": "ㄝˊㄈㄨˋ", "g": "ㄐㄧˋ",
    "h": "ㄝˇㄑㄩˋ", "i": "ㄞˋ", "j": "ㄐㄟˋ", "k": "ㄎㄟˋ", "l": "ㄝˊㄛˋ", "m": "ㄝˊㄇㄨˋ",
    "n": "ㄣˉ", "o": "ㄡˉ", "p": "ㄆㄧˉ", "q": "ㄎㄧㄡˉ", "r": "ㄚˋ", "s": "ㄝˊㄙˋ", "t": "ㄊㄧˋ",
    "u": "ㄧㄡˉ", "v": "ㄨㄧˉ", "w": "ㄉㄚˋㄅㄨˋㄌㄧㄡˋ", "x": "ㄝˉㄎㄨˋㄙˋ",
    "y": "ㄨㄞˋ", "z": "ㄗㄟˋ",
}
_BOPOMOFO_TO_IPA = {
    "ㄅㄛ": "p⁼wo", "ㄆㄛ": "pʰwo", "ㄇㄛ": "mwo", "ㄈㄛ": "fwo",
    "ㄧㄢ": "jɛn", "ㄩㄢ": "ɥæn", "ㄧㄣ": "in", "ㄩㄣ": "ɥn", "ㄧㄥ": "iŋ", "ㄨㄥ": "ʊŋ",
    "ㄩㄥ": "jʊŋ",
    "ㄅ": "p⁼", "ㄆ": "pʰ", "ㄇ": "m", "ㄈ": "f", "ㄉ": "t⁼", "ㄊ": "tʰ", "ㄋ": "n", "ㄌ": "l",
    "ㄍ": "k⁼", "ㄎ": "kʰ", "ㄏ": "x", "ㄐ": "tʃ⁼", "ㄑ": "tʃʰ", "ㄒ": "ʃ",
    "ㄓ": "ts`⁼", "ㄔ": "ts`ʰ", "ㄕ": "s`", "ㄖ": "ɹ`", "ㄗ": "ts⁼", "ㄘ": "tsʰ", "ㄙ": "s",
    "ㄚ": "a", "ㄛ": "o", "ㄜ": "ə", "ㄝ": "ɛ", "ㄞ": "aɪ", "ㄟ": "eɪ", "ㄠ": "ɑʊ", "ㄡ": "oʊ",
    "ㄢ": "an", "ㄣ": "ən", "ㄤ": "ɑŋ", "ㄥ": "əŋ", "ㄦ": "əɻ", "ㄧ": "i", "ㄨ": "u", "ㄩ": "ɥ",
    "ˉ": "→", "ˊ": "↑", "ˇ": "↓↑", "ˋ": "↓", "˙": "",
    "，": ",", "。": ".", "！": "!", "？": "?", "—": "-",
}
# fmt: on
_LATIN_LETTER = re.compile("[A-Za-z]")
_BOPOMOFO = re.compile("|".join(sorted(_BOPOMOFO_TO_IPA, key=len, reverse=True)))
# Glides before a vowel, and the buzzed vowel of syllables that have no other ("shi", "si").
_I_GLIDE = re.compile("i([aoe])")
_U_GLIDE = re.compile("u([aoəe])")
_RETROFLEX_ALONE = re.compile("([sɹ]`[⁼ʰ]?)(?=[→↓↑ ]|$)")
_SIBILANT_ALONE = re.compile("(s[⁼ʰ]?)(?=[→↓↑ ]|$)")


@dataclass(frozen=True)
class _Libraries:
    cut_words: Callable[[str], list[str]]
    bopomofo: Callable[[str], list[str]]
    read_number: Callable[[str], str]


def chinese_to_ipa(text: str) -> str:
    """IPA of Mandarin text, one space between words; Latin letters are said by their names."""
    text = drop_invisible(text).translate(_FULL_WIDTH)
    bopomofo = _to_bopomofo(_spell_numbers(text).translate(_PAUSES))
    bopomofo = _LATIN_LETTER.sub(lambda match: _LETTER_NAMES[match[0].lower()], bopomofo)
    return _to_ipa(bopomofo)


def _spell_numbers(text: str) -> str:
    return _NUMBER.sub(lambda match: _number_words(match[0]), text)


def _number_words(number: str) -> str:
    if max(map(len, number.split("."))) > _MAX_NUMBER_DIGITS:
        return number.translate(_DIGITS)
    return _libraries().read_number(number)


def _to_bopomofo(text: str) -> str:
    """Words of Han characters as bopomofo, each after a space; the rest as it is."""
    libraries = _libraries()
    spoken: list[str] = []
    for word in libraries.cut_words(text):
        if not _HAN.search(word):
            spoken.append(word)
            continue
        syllables = libraries.bopomofo(word)
        marked = "".join(_TONELESS.sub(rf"\1{_FIRST_TONE}", syllable) for syllable in syllables)
        spoken.append(f" {marked}" if spoken else marked)
    return "".join(spoken)


def _to_ipa(bopomofo: str) -> str:
    ipa = _BOPOMOFO.sub(lambda match: _BOPOMOFO_TO_IPA[match[0]], bopomofo)
    ipa = _U_GLIDE.sub(r"w\1", _I_GLIDE.sub(r"j\1", ipa))
    ipa = _RETROFLEX_ALONE.sub(r"\1ɹ`", ipa).replace("ɻ", "ɹ`")
    return _SIBILANT_ALONE.sub(r"\1ɹ", ipa)


@load_once
def _libraries() -> _Libraries:
    """Load jieba's and pypinyin's dictionaries: about a second, so only when Chinese comes."""
    jieba: Any = import_library("jieba", "jieba")
    pypinyin: Any = import_library("pypinyin", "pypinyin")
    cn2an: Any = import_library("cn2an", "cn2an")
    jieba.setLogLevel(logging.WARNING)  # it narrates its loading on stderr
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    return _Libraries(
        cut_words=cast(Callable[[str], list[str]], tokenizer.lcut),
        bopomofo=lambda word: cast(
            list[str], pypinyin.lazy_pinyin(word, style=pypinyin.Style.BOPOMOFO)
        ),
        read_number=cast(Callable[[str], str], cn2an.an2cn),
    )
