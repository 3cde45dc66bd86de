"""Japanese for Kokoro: readings by MeCab and UniDic, kana to IPA by rule.

The spelling is that of hexgrad/misaki (misaki/ja.py): palatal rows with ʲ, ɨ after sibilants and
palatals, ʔ for a doubled consonant, ː for a long vowel. The voices know no pitch marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from predictors.text.japanese.words import EVERYDAY, spell_out, tagger
from predictors.text.kokoro_tokens import Token, plain_marks
from predictors.text.plain_characters import drop_invisible

_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_ROWS = {
    **{"アイウエオ": "a i ɯ e o", "カキクケコ": "ka kʲi kɯ ke ko", "ガギグゲゴ": "ɡa ɡʲi ɡɯ ɡe ɡo"},
    **{"サシスセソ": "sa ɕi sɨ se so", "ザジズゼゾ": "ʣa ʥi zɨ ʣe ʣo"},
    **{"タチツテト": "ta ʨi ʦɨ te to", "ダヂヅデド": "da ʥi zɨ de do"},
    **{"ナニヌネノ": "na ɲi nɯ ne no", "ハヒフヘホ": "ha çi ɸɯ he ho"},
    **{"バビブベボ": "ba bʲi bɯ be bo", "パピプペポ": "pa pʲi pɯ pe po"},
    **{"マミムメモ": "ma mʲi mɯ me mo", "ラリルレロ": "ɾa ɾʲi ɾɯ ɾe ɾo"},
    **{
        "ヤユヨ": "ja jɯ jo",
        "ワヰヱヲ": "βa i e o",
        "ァィゥェォ": "a i ɯ e o",
        "ャュョ": "ja jɯ jo",
    },
    **{"ヴヷヸヹヺ": "vɯ va vʲi ve vo", "ヮヵヶ": "βa ka ke", "ーッ": "ː ʔ"},
}
_PALATAL_VOWELS = {"ャ": "a", "ュ": "ɨ", "ョ": "o"}
_SMALL_VOWELS = {"ァ": "a", "ィ": "i", "ェ": "e", "ォ": "o"}
_BORROWED = {"イ": "j", "ウ": "β", "ク": "kᵝ", "グ": "ɡᵝ", "ツ": "ʦ", "フ": "ɸ", "ヴ": "v"}
"""Consonant of kana + small vowel, where the kana gives up its own vowel."""
_NASALS = (("pbm", "m"), ("kɡ", "ŋ"), ("ʨʥɲ", "ɲ"), ("tdnɾʦʣz", "n"))
_PART = re.compile(r"[^\W_ー]*[ー\w々]+|\s+|.", re.DOTALL)
_JOINED = ("助動詞", "接尾辞")
_JOINED_PARTICLES = ("て", "で", "ば", "ちゃ", "じゃ")


def _table() -> dict[str, str]:
    """One and two kana -> symbols."""
    single = {
        kana: symbols
        for row, spelled in _ROWS.items()
        for kana, symbols in zip(row, spelled.split(), strict=True)
    }
    table = dict(single)
    for kana in "キギシジチヂニヒビピミリ":
        table |= {kana + y: single[kana][:-1] + vowel for y, vowel in _PALATAL_VOWELS.items()}
    table |= {kana + "ェ": single[kana][:-1] + "e" for kana in "シジチニヒ"}
    for kana, consonant in _BORROWED.items():
        for small, vowel in _SMALL_VOWELS.items():
            soft = "ʲ" if small == "ィ" and consonant in "ʦɸv" else ""
            table[kana + small] = consonant + soft + vowel
    table |= {
        "ティ": "tʲi",
        "ディ": "dʲi",
        "テュ": "tʲɨ",
        "デュ": "dʲɨ",
        "トゥ": "tɯ",
        "ドゥ": "dɯ",
    }
    return table | {"フュ": "ɸʲɨ", "フョ": "ɸʲo", "ヴュ": "bʲɨ", "ヴョ": "bʲo"}


_SYMBOLS = _table()


def read_japanese(text: str) -> Iterator[Token]:
    """Tokens of Japanese text, a word with its endings each; what has no reading is silent."""
    text = plain_marks(spell_out(drop_invisible(text)))
    is_after_word = False
    for surface, kana in _words(text):
        symbols = kana_symbols(kana)
        if not symbols:
            yield Token("", " " if surface.isspace() else surface)
        else:
            yield from [Token("", " ")] * is_after_word
            yield Token(surface, symbols)
        is_after_word = bool(symbols)


def kana_symbols(kana: str) -> str:
    """ "ニッポン" -> "ɲiʔpoɴ"."""
    found: list[str] = []
    at = 0
    while at < len(kana):
        size = 2 if at + 1 < len(kana) and kana[at : at + 2] in _SYMBOLS else 1
        part = kana[at : at + size]
        found.append("ン" if part == "ン" else _SYMBOLS.get(part, ""))
        at += size
    return "".join(
        _nasal("".join(found[i + 1 : i + 2])) if symbols == "ン" else symbols
        for i, symbols in enumerate(found)
    )


def _nasal(following: str) -> str:
    return next((nasal for starts, nasal in _NASALS if following[:1] in starts and following), "ɴ")


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Words with their reading in katakana; endings belong to the word before them."""
    surface, kana = "", ""
    for word in tagger()(text):
        reading = _kana(word)
        is_ending = bool(reading) and bool(kana) and _is_ending(word)
        if not is_ending and surface:
            yield surface, kana
            surface, kana = "", ""
        surface, kana = surface + str(word.surface), kana + reading
    if surface:
        yield surface, kana


def _is_ending(word: Any) -> bool:  # fugashi's node has no types
    if str(word.white_space):
        return False
    return word.feature.pos1 in _JOINED or (
        word.feature.pos1 == "助詞" and str(word.surface) in _JOINED_PARTICLES
    )


def _kana(word: Any) -> str:
    surface = str(word.surface)
    spoken = EVERYDAY.get(surface) or str(word.feature.pron or word.feature.kana or surface)
    kana = spoken.translate(_TO_KATAKANA)
    return kana if all(one in "ンー・" or one in _SYMBOLS for one in kana) else ""
