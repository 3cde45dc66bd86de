"""Japanese for MeloTTS: kanji to katakana by MeCab and UniDic, katakana to phones by rule.

The voice was trained on katakana as it is spelled, without punctuation and with the long vowel
mark left unsaid: the particle は is "ha", ラーメン is "ramen".
"""

import re
from typing import Any

from predictors.text.japanese.katakana import phones_of_katakana
from predictors.text.japanese.words import EVERYDAY, spell_out, tagger
from predictors.text.melo_pieces import PAUSE_PHONE, Pronunciation, WordPieces, pronounce_words

_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_NOT_KATAKANA = re.compile(r"[^ァ-ヺー]+")
_HAS_KANJI = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalize(text: str) -> str:
    """Katakana only: numbers and acronyms read out, kanji read, everything else dropped."""
    words = tagger()(spell_out(text))
    return _NOT_KATAKANA.sub("", "".join(map(_kana, words)))


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
    return EVERYDAY.get(surface) or str(word.feature.kana or "")
