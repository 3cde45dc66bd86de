"""OpenVoice V1 text front end: text and language -> the ids that the network eats. READ FIRST.

split -> [EN] and [ZH] passages -> IPA -> ids of the checkpoint's symbols -> blanks between them
"""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from predictors.text.chinese.openvoice import chinese_to_ipa
from predictors.text.english.openvoice import english_to_ipa
from predictors.text.errors import NoSpeakableText
from predictors.text.splitting import Splitter, split_characters, split_words

BLANK_ID = 0


@dataclass(frozen=True)
class Language:
    """One language of OpenVoice: how a text is cut, and how a piece is spoken."""

    name: str
    """In plain English, for messages."""
    split: Splitter
    to_ipa: Callable[[str], str]


LANGUAGES: Mapping[str, Language] = {
    "EN": Language("English", split_words, english_to_ipa),
    "ZH": Language("Chinese", split_characters, chinese_to_ipa),
}

_PASSAGE = re.compile(r"\[(EN|ZH)\](.*?)\[\1\]", re.DOTALL)
_TAG = re.compile(r"\[(?:EN|ZH)\]")
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FINAL_MARKS = ".,!?-…~"
_SILENT = frozenset("_,.!?-~…⁼ʰ`^#*=ˈˌ→↓↑ ")


def text_to_ids(text: str, language: str, symbols: Sequence[str]) -> list[list[int]]:
    """Ids of each piece of `text`, to be spoken one after another.

    `language` is a key of LANGUAGES; `symbols` is the list in the checkpoint's config, where
    position is id and position 0 is the blank. Raises NoSpeakableText when nothing is left.
    """
    front_end = LANGUAGES[language]
    ids_of = {symbol: position for position, symbol in enumerate(symbols)}
    pieces = [_known_symbols(_speak(piece, language), ids_of) for piece in front_end.split(text)]
    spoken = [piece for piece in pieces if not _SILENT.issuperset(piece)]
    if not spoken:
        raise NoSpeakableText(front_end.name)
    return [intersperse([ids_of[symbol] for symbol in piece]) for piece in spoken]


def clean(tagged: str) -> str:
    """IPA of the "[EN]...[EN]" and "[ZH]...[ZH]" passages of a text, closed by a mark.

    What stands outside the passages stays as it is.
    """
    spoken = _PASSAGE.sub(lambda match: LANGUAGES[match[1]].to_ipa(match[2]) + " ", tagged).rstrip()
    return spoken if not spoken or spoken[-1] in _FINAL_MARKS else f"{spoken}."


def intersperse(ids: Sequence[int]) -> list[int]:
    """`ids` with a blank before, between and after: n -> 2n + 1."""
    spaced = [BLANK_ID] * (2 * len(ids) + 1)
    spaced[1::2] = ids
    return spaced


def _speak(piece: str, language: str) -> str:
    words = _CAMEL_CASE.sub(" ", _TAG.sub(" ", piece))
    return clean(f"[{language}]{words}[{language}]")


def _known_symbols(ipa: str, known: Container[str]) -> str:
    return "".join(symbol for symbol in ipa if symbol in known)
