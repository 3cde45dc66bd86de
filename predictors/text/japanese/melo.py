"""Japanese for MeloTTS: kanji to katakana by MeCab and UniDic, katakana to phones by rule.

The voice was trained on katakana as it is spelled, without punctuation and with the long vowel
mark left unsaid: the particle は is "ha", ラーメン is "ramen".
"""

import re
import unicodedata
from collections.abc import Callable
from threading import Lock
from typing import Any

from predictors.text.japanese.katakana import phones_of_katakana
from predictors.text.japanese.numbers import spell_numbers
from predictors.text.load_once import load_once
from predictors.text.melo_pieces import PAUSE_PHONE, Pronunciation, WordPieces, pronounce_words
from predictors.text.optional_library import import_library

_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_NOT_KATAKANA = re.compile(r"[^ァ-ヺー]+")
_HAS_KANJI = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

# Everyday words that UniDic reads in their formal or literal form.
_FAMILY = {"母": "カア", "父": "トウ", "兄": "ニイ", "姉": "ネエ"}
_HONOURED = re.compile(r"[お御]([母父兄姉])(?=さん|様|さま|ちゃん)")
_EVERYDAY = {
    "私": "ワタシ",
    "明日": "アシタ",
    "日本": "ニホン",
    "言う": "イウ",
    "良い": "イイ",
    "何時": "ナンジ",
}

_LATIN_ACRONYM = re.compile(r"(?<![A-Za-z])[A-Z]{1,6}(?![A-Za-z])")
_LETTER_NAMES = {
    **{"A": "エー", "B": "ビー", "C": "シー", "D": "ディー", "E": "イー", "F": "エフ", "G": "ジー"},
    **{
        "H": "エイチ",
        "I": "アイ",
        "J": "ジェイ",
        "K": "ケー",
        "L": "エル",
        "M": "エム",
        "N": "エヌ",
    },
    **{
        "O": "オー",
        "P": "ピー",
        "Q": "キュー",
        "R": "アール",
        "S": "エス",
        "T": "ティー",
        "U": "ユー",
    },
    **{"V": "ブイ", "W": "ダブリュー", "X": "エックス", "Y": "ワイ", "Z": "ゼット"},
}


def normalize(text: str) -> str:
    """Katakana only: numbers and acronyms read out, kanji read, everything else dropped."""
    text = spell_numbers(unicodedata.normalize("NFKC", text))
    text = _LATIN_ACRONYM.sub(
        lambda match: "".join(_LETTER_NAMES[letter] for letter in match[0]), text
    )
    text = _HONOURED.sub(lambda match: "オ" + _FAMILY[match[1]], text)
    return _NOT_KATAKANA.sub("", "".join(map(_kana, _tagger()(text))))


def pronounce(text: str, word_pieces: WordPieces) -> Pronunciation:
    """Phones of katakana; other characters have none. Japanese has one tone."""
    return pronounce_words(
        word_pieces(text),
        lambda word: [(phone, 0) for phone in phones_of_katakana(word)],
        unknown=PAUSE_PHONE,
    )


def _kana(word: Any) -> str:  # fugashi's node has no types
    surface = str(word.surface)
    if not _HAS_KANJI.search(surface):
        return surface.translate(_TO_KATAKANA)
    return _EVERYDAY.get(surface) or str(word.feature.kana or "")


@load_once
def _tagger() -> Callable[[str], list[Any]]:
    """MeCab with UniDic; it keeps state in a call, so calls take turns."""
    fugashi = import_library("fugashi", "fugashi")
    unidic = import_library("unidic_lite", "unidic-lite")
    tagger = fugashi.Tagger(f'-d "{unidic.DICDIR}"')
    lock = Lock()

    def tag(text: str) -> list[Any]:
        with lock:
            return list(tagger(text))

    return tag
