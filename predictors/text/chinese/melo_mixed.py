"""Mandarin with English words for MeloTTS: what MeloTTS-Chinese speaks."""

import re
from dataclasses import replace

from predictors.text.chinese.melo import spell_out
from predictors.text.chinese.words import speak_words
from predictors.text.english import melo as melo_en
from predictors.text.melo_pieces import ENGLISH_TONE_START, Pronunciation, WordPieces, join

_CAMEL_CASE = re.compile(r"([a-z])([A-Z])")
_NOT_CHINESE_OR_ENGLISH = re.compile(r"[^\u4e00-\u9fa5A-Za-z\s!?…,.'\-]+")
_ENGLISH_RUN = re.compile(r"([A-Za-z][A-Za-z\s]*)")


def normalize(text: str) -> str:
    """Han characters, Latin words and the marks of the symbol table; numbers are Chinese."""
    text = spell_out(_CAMEL_CASE.sub(r"\1 \2", text))
    return " ".join(_NOT_CHINESE_OR_ENGLISH.sub("", text).split())


def pronounce(text: str, word_pieces: WordPieces) -> Pronunciation:
    """Han characters as in Chinese, runs of Latin words as in English, with English tones."""
    return join(
        _english(run, word_pieces) if _ENGLISH_RUN.fullmatch(run) else speak_words(run)
        for run in _ENGLISH_RUN.split(text)
    )


def _english(run: str, word_pieces: WordPieces) -> Pronunciation:
    spoken = melo_en.pronounce(run, word_pieces)
    return replace(spoken, tones=tuple(tone + ENGLISH_TONE_START for tone in spoken.tones))
