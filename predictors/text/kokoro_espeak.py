"""The languages that Kokoro was trained on with espeak-ng's phonemes: es, fr, hi, it, pt, en-GB.

The letters for pairs that belong together are those of hexgrad/misaki (misaki/espeak.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from predictors.text.espeak import clause_ipa
from predictors.text.kokoro_tokens import Token, plain_marks
from predictors.text.plain_characters import drop_invisible

_TIED = {
    **{"a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q"},
    **{"s^s": "S", "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y"},
}
_BRITISH = {"e^ə": "ɛː", "iə": "ɪə", "ɚ": "əɹ", "r": "ɹ", "ɐ": "ə", "ʔ": "t"}
_BRITISH_VOICE = "en"
_SYLLABIC = re.compile("(\\S)\u0329")
_MARK = r"""[;:,.!?—…"()“”]"""
_INSIDE_NUMBER = r"(?<=[0-9])[.,:](?=[0-9])"
_CLAUSE = re.compile(rf"(?:{_INSIDE_NUMBER}|(?!{_MARK})[^\n])+|{_MARK}|\n+")


def read_espeak(text: str, voice: str) -> Iterator[Token]:
    """Tokens of a text in the language of an espeak voice, a word each where that is known."""
    for match in _CLAUSE.finditer(plain_marks(drop_invisible(text))):
        part = match[0]
        if re.fullmatch(_MARK, part):
            yield Token("", part)
        elif any(map(str.isalnum, part)):
            yield from _clause(part, voice)
        else:
            yield Token("", " ")


def _clause(clause: str, voice: str) -> Iterator[Token]:
    words = clause.split()
    symbols = _to_kokoro(clause_ipa(" ".join(words), voice), voice).split()
    if len(words) != len(symbols):  # a number is several words, "de la" may be one
        words, symbols = [clause.strip()], [" ".join(symbols)]
    if clause[0].isspace():
        yield Token("", " ")
    for i, (word, spoken) in enumerate(zip(words, symbols, strict=True)):
        yield from [Token("", " ")] * (i > 0)
        yield Token(word, spoken)
    if clause[-1].isspace():
        yield Token("", " ")


def _to_kokoro(ipa: str, voice: str) -> str:
    for tied, letter in ((_BRITISH | _TIED) if voice == _BRITISH_VOICE else _TIED).items():
        ipa = ipa.replace(tied, letter)
    return _SYLLABIC.sub(r"ᵊ\1", ipa).replace("^", "").replace("-", "")
