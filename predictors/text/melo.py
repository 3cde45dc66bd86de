"""MeloTTS text front end: text and language -> the ids that the network eats. READ FIRST.

normalize -> word pieces -> phones, tones, word2ph -> frame -> ids -> blanks
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import Protocol, cast

from predictors.text.errors import NoSpeakableText
from predictors.text.melo_pieces import (
    ENGLISH_TONE_START,
    PAUSE_PHONE,
    PUNCTUATION,
    UNKNOWN_PHONE,
    Pronunciation,
    WordPieces,
    distribute,
    join,
    plain_pieces,
)

__all__ = ["LANGUAGES", "MeloInput", "WordPieces", "distribute", "melo_input", "plain_pieces"]

_BLANK_ID = 0  # also the tone and the language of a blank
_SILENT = PUNCTUATION | {PAUSE_PHONE, UNKNOWN_PHONE}
_PAUSE = Pronunciation(phones=(PAUSE_PHONE,), tones=(0,), word2ph=(1,), pieces=())


class FrontEnd(Protocol):
    """What the module of a language offers."""

    def normalize(self, text: str) -> str:
        """Text as it will be read out."""

    def pronounce(self, text: str, word_pieces: WordPieces) -> Pronunciation:
        """Sounds of a normalized text."""


@dataclass(frozen=True)
class Language:
    """One language of MeloTTS: its front end, and its place in the tables of the network."""

    module: str
    """Under predictors.text; offers a FrontEnd and loads its libraries on first use."""
    name: str
    """In plain English, for messages."""
    language_id: int
    tone_start: int
    """Added to every tone, so that each language has its own rows in the tone table."""


_SPANISH = Language("spanish.melo", "Spanish", language_id=5, tone_start=12)

LANGUAGES: Mapping[str, Language] = {
    "ZH": Language("chinese.melo", "Chinese", language_id=0, tone_start=0),
    "JP": Language("japanese.melo", "Japanese", language_id=1, tone_start=6),
    "EN": Language("english.melo", "English", language_id=2, tone_start=ENGLISH_TONE_START),
    # What MeloTTS-Chinese speaks: Chinese with English words, all under one language id.
    "ZH_MIX_EN": Language("chinese.melo_mixed", "Chinese or English", language_id=3, tone_start=0),
    "KR": Language("korean.melo", "Korean", language_id=4, tone_start=11),
    "ES": _SPANISH,
    "SP": _SPANISH,
    "FR": Language("french.melo", "French", language_id=6, tone_start=13),
}


@dataclass(frozen=True)
class MeloInput:
    """One sentence, ready for the network.

    `phone_ids`, `tones` and `language_ids` are equally long. `word2ph` has one entry per BERT token
    ([CLS], the word pieces, [SEP]) and sums to that length. `phones` are the symbols before blanks
    go in between; `pieces` the word pieces without the two special tokens.
    """

    phone_ids: tuple[int, ...]
    tones: tuple[int, ...]
    language_ids: tuple[int, ...]
    word2ph: tuple[int, ...]
    phones: tuple[str, ...]
    pieces: tuple[str, ...]


def melo_input(
    text: str,
    language: str,
    symbols: Sequence[str],
    *,
    word_pieces: WordPieces = plain_pieces,
    add_blank: bool = True,
) -> MeloInput:
    """Turn one sentence into ids.

    `symbols` is the list in the checkpoint's config. `word_pieces` is the tokenizer of the BERT
    that goes with the language; without one, words are split plainly. Raises NoSpeakableText when
    no sound is left, ValueError when MeloTTS does not have the language, and MissingLibraryError
    when the libraries of the language are not installed.
    """
    entry = _find_language(language)
    spoken = _speak(entry, text, word_pieces)
    tones = [tone + entry.tone_start for tone in spoken.tones]
    languages = [entry.language_id] * len(spoken.phones)
    rows: Iterable[list[int]] = (_symbol_ids(spoken.phones, symbols), tones, languages)
    word2ph = spoken.word2ph
    if add_blank:
        rows = map(intersperse, rows)
        word2ph = (2 * word2ph[0] + 1, *(2 * n for n in word2ph[1:]))
    ids, tones, languages = rows
    return MeloInput(
        phone_ids=tuple(ids),
        tones=tuple(tones),
        language_ids=tuple(languages),
        word2ph=word2ph,
        phones=spoken.phones,
        pieces=spoken.pieces,
    )


def intersperse(row: Sequence[int]) -> list[int]:
    """A blank before, between and after the entries: n -> 2n + 1."""
    return [_BLANK_ID, *chain.from_iterable((entry, _BLANK_ID) for entry in row)]


def _find_language(language: str) -> Language:
    entry = LANGUAGES.get(language.upper())
    if entry is None:
        raise ValueError(
            f"language: MeloTTS does not speak {language!r}; choose one of {', '.join(LANGUAGES)}"
        )
    return entry


def _speak(entry: Language, text: str, word_pieces: WordPieces) -> Pronunciation:
    """The sounds of a text between the two pauses that stand for [CLS] and [SEP]."""
    front_end = cast("FrontEnd", import_module(f"predictors.text.{entry.module}"))
    spoken = front_end.pronounce(front_end.normalize(text), word_pieces)
    if _SILENT.issuperset(spoken.phones):
        raise NoSpeakableText(entry.name)
    return join([_PAUSE, spoken, _PAUSE])


def _symbol_ids(phones: Iterable[str], symbols: Sequence[str]) -> list[int]:
    """Row of each phone in the symbol table; a phone that the table lacks is an unknown one."""
    rows = {symbol: row for row, symbol in enumerate(symbols)}
    unknown = rows.get(UNKNOWN_PHONE, rows[PAUSE_PHONE])
    return [rows.get(phone, unknown) for phone in phones]
