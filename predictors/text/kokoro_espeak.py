"""The languages that Kokoro was trained on with espeak-ng's phonemes: es, fr, hi, it, pt, en-GB.

The letters for pairs that belong together are those of hexgrad/misaki (misaki/espeak.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

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
Place = tuple[int, int]
"""How many words, and how many groups of symbols, come before it."""
_MOST_ALIGNED = 32
"""Words whose times are told apart where espeak reads several as one: the work grows as n³."""
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
    if len(words) != len(symbols):  # a number is several words, "tout le monde" one
        words, symbols = _aligned(words, symbols, voice)
    if clause[0].isspace():
        yield Token("", " ")
    for i, (word, spoken) in enumerate(zip(words, symbols, strict=True)):
        yield from [Token("", " ")] * (i > 0)
        yield Token(word, spoken)
    if clause[-1].isspace():
        yield Token("", " ")


def _aligned(words: list[str], symbols: list[str], voice: str) -> tuple[list[str], list[str]]:
    """As many words as groups of symbols: of neighbours on either side one is made.

    So that what each holds is nearest in length to what its words are read as alone, and as few as
    can be are joined. A long clause stays whole.
    """
    if max(len(words), len(symbols)) > _MOST_ALIGNED:
        return [" ".join(words)], [" ".join(symbols)]
    alone = [_length(_to_kokoro(clause_ipa(word, voice), voice)) for word in words]
    found = [_length(group) for group in symbols]
    best: dict[Place, tuple[int, Place]] = {(0, 0): (0, (0, 0))}
    for i, j in product(range(1, len(words) + 1), range(1, len(symbols) + 1)):
        starts = [(i - 1, m) for m in range(j)] + [(n, j - 1) for n in range(i)]
        costs = [
            (best[n, m][0] + 4 * abs(sum(alone[n:i]) - sum(found[m:j])) + i - n + j - m - 2, (n, m))
            for n, m in starts
            if (n, m) in best
        ]
        if costs:
            best[i, j] = min(costs)
    end, pairs = (len(words), len(symbols)), list[tuple[str, str]]()
    while end != (0, 0):
        (n, m), (i, j) = best[end][1], end
        pairs.insert(0, (" ".join(words[n:i]), " ".join(symbols[m:j])))
        end = n, m
    return [word for word, _ in pairs], [group for _, group in pairs]


def _length(symbols: str) -> int:
    """Without stress, which a word has alone and loses among others."""
    return sum(symbol not in " ˈˌ" for symbol in symbols)


def _to_kokoro(ipa: str, voice: str) -> str:
    for tied, letter in ((_BRITISH | _TIED) if voice == _BRITISH_VOICE else _TIED).items():
        ipa = ipa.replace(tied, letter)
    return _SYLLABIC.sub(r"ᵊ\1", ipa).replace("^", "").replace("-", "")
