"""OpenVoice's English front end: text -> IPA characters."""

import re
import string

from predictors.text.english.ipa import word_to_ipa
from predictors.text.english.numbers import TITLES, expand_abbreviations, expand_numbers
from predictors.text.plain_characters import drop_invisible, to_ascii

_ABBREVIATIONS = TITLES | {"mrs": "missus"}
_UNKNOWN_WORD_MARK = "*"  # the voice was trained on unknown words as their spelling plus this
_POUNDS = re.compile(r"£([0-9][0-9,]*)")
_VOWELS = "aeiouæɑɔəɛɪʊ"
_FINAL_SPELLING = (("r", "ɹ"), ("ʤ", "dʒ"), ("ʧ", "tʃ"), ("...", "…"))


def english_to_ipa(text: str) -> str:
    """IPA of English text; punctuation stays where it touches a word."""
    # Before ASCII, where the sign would turn into the letters "PS".
    text = _POUNDS.sub(r"\1 pounds", drop_invisible(text))
    text = expand_abbreviations(to_ascii(text).lower(), _ABBREVIATIONS)
    words = expand_numbers(text).split()
    ipa = " ".join(spoken for word in words if (spoken := _speak(word)))
    for letter, voiced in _FINAL_SPELLING:
        ipa = ipa.replace(letter, voiced)
    return ipa


def _speak(word: str) -> str:
    """IPA of one word between white space; marks alone have no sound and vanish."""
    without_start = word.lstrip(string.punctuation)
    core = without_start.rstrip(string.punctuation)
    if not core:
        return ""
    before = word[: len(word) - len(without_start)]
    after = without_start[len(core) :]
    ipa = word_to_ipa(core)
    return _darken_l(before + (core + _UNKNOWN_WORD_MARK if ipa is None else ipa) + after)


def _darken_l(ipa: str) -> str:
    """The first l behind the last vowel of a word is the dark one."""
    last_vowel = max(ipa.rfind(vowel) for vowel in _VOWELS)
    return ipa[: last_vowel + 1] + ipa[last_vowel + 1 :].replace("l", "ɫ", 1)
