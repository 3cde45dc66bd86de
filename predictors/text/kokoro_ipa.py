"""IPA in Kokoro's symbols: one letter for diphthongs and affricates, by the language spoken."""

from __future__ import annotations

from predictors.text.ipa import spoken_ipa

_EVERYWHERE = {"tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "dz": "ʣ"}
_ENGLISH = {
    **{"eɪ": "A", "aɪ": "I", "aʊ": "W", "ɔɪ": "Y", "r": "ɹ"},
    **{"ɚ": "əɹ", "tʃ": "ʧ", "dʒ": "ʤ"},
}
_BY_LETTER = {
    "a": _ENGLISH | {"oʊ": "O", "əʊ": "O", "ː": ""},
    "b": _ENGLISH | {"əʊ": "Q", "oʊ": "Q"},
}
"""American English has no long vowels in Kokoro's symbols (hexgrad/misaki, EN_PHONES.md)."""


def kokoro_symbols(ipa: str, letter: str) -> str:
    """`letter` is a key of Kokoro's languages. Symbols that no voice knows are kept."""
    symbols = spoken_ipa(ipa)
    for pair, symbol in _BY_LETTER.get(letter, _EVERYWHERE).items():
        symbols = symbols.replace(pair, symbol)
    return symbols
