"""Words of Japanese text with their readings: MeCab with UniDic, numbers and acronyms read out."""

import re
import unicodedata
from collections.abc import Callable
from threading import Lock
from typing import Any

from predictors.text.japanese.numbers import spell_numbers
from predictors.text.load_once import load_once
from predictors.text.optional_library import import_library

_FAMILY = {"母": "カア", "父": "トウ", "兄": "ニイ", "姉": "ネエ"}
_HONOURED = re.compile(r"[お御]([母父兄姉])(?=さん|様|さま|ちゃん)")
EVERYDAY = {
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


def spell_out(text: str) -> str:
    """Text in full-width kana and kanji, with numbers and acronyms as words."""
    text = spell_numbers(unicodedata.normalize("NFKC", text))
    text = _LATIN_ACRONYM.sub(
        lambda match: "".join(_LETTER_NAMES[letter] for letter in match[0]), text
    )
    return _HONOURED.sub(lambda match: "オ" + _FAMILY[match[1]], text)


@load_once
def tagger() -> Callable[[str], list[Any]]:
    """MeCab with UniDic; it keeps state in a call, so calls take turns."""
    fugashi = import_library("fugashi", "fugashi")
    unidic = import_library("unidic_lite", "unidic-lite")
    tagger = fugashi.Tagger(f'-d "{unidic.DICDIR}"')
    lock = Lock()

    def tag(text: str) -> list[Any]:
        with lock:
            return list(tagger(text))

    return tag
