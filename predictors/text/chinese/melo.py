"""Mandarin for MeloTTS: numbers read out, words cut by jieba, tones by pypinyin and sandhi.

Pure Chinese: other scripts are dropped. Chinese with English words is melo_zh_mix_en.
"""

import re

from predictors.text.chinese.numbers import spell_numbers
from predictors.text.chinese.words import speak_words
from predictors.text.melo_pieces import Pronunciation, WordPieces
from predictors.text.plain_characters import drop_invisible

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(ord("！"), ord("～") + 1)}
_ALIKE = str.maketrans({"嗯": "恩", "呣": "母"})  # interjections that the symbol table lacks
_MARKS = str.maketrans(
    {
        **dict.fromkeys(":;·、", ","),
        **dict.fromkeys("。\n", "."),
        **dict.fromkeys("“”‘’()《》【】[]「」", "'"),
        **dict.fromkeys("—~", "-"),
    }
)
_ELLIPSIS = re.compile(r"\.{3}|…+")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fa5!?…,.'\-¿¡]+")


def normalize(text: str) -> str:
    """Han characters and the marks of the symbol table, nothing else."""
    return _NOT_CHINESE.sub("", spell_out(text))


def pronounce(text: str, word_pieces: WordPieces) -> Pronunciation:
    """Two phones per character, both with its tone; every character is a piece of its own."""
    del word_pieces  # the tokenizers of Chinese BERTs cut between all characters
    return speak_words(text)


def spell_out(text: str) -> str:
    """Half-width text with numbers in characters and marks as the symbol table has them."""
    text = drop_invisible(text).translate(_FULL_WIDTH).translate(_ALIKE)
    return _ELLIPSIS.sub("…", spell_numbers(text)).translate(_MARKS)
