"""English for Kokoro: the CMU dictionary turned to the symbols that the voices were trained on.

Symbols and weak forms are those of hexgrad/misaki's American English (misaki/en.py, EN_PHONES.md).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from predictors.text.english.cmu_dictionary import Pronunciation, pronunciations
from predictors.text.english.melo import spell_out
from predictors.text.english.spelling_model import guess_phones
from predictors.text.kokoro_tokens import Token, plain_marks, tokens_of
from predictors.text.plain_characters import drop_invisible, to_ascii

_SYMBOLS = {
    **{"AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ"},
    **{"EY": "A", "IH": "ɪ", "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u"},
    **{"CH": "ʧ", "DH": "ð", "G": "ɡ", "HH": "h", "JH": "ʤ", "NG": "ŋ", "R": "ɹ", "SH": "ʃ"},
    **{"TH": "θ", "Y": "j", "ZH": "ʒ"},
}
"""Phones that are not here are their own letter in lower case."""
_UNSTRESSED = {"AH": "ə", "ER": "əɹ"}
_STRESS_MARKS = {"0": "", "1": "ˈ", "2": "ˌ"}
_FLAP = "T"
_PRIMARY = "ˈ"
# fmt: off
_WEAK_FORMS = {
    "a": "ɐ", "an": "ɐn", "and": "ænd", "as": "æz", "at": "æt", "because": "bəkʌz", "been": "bɪn",
    "for": "fɔɹ", "from": "fɹʌm", "had": "hæd", "has": "hæz", "have": "hæv", "i": "ˌI",
    "into": "ˌɪntu", "just": "ʤˌʌst", "nor": "nɔɹ", "of": "ʌv", "or": "ɔɹ", "than": "ðæn",
    "that": "ðæt", "the": "ðə", "them": "ðɛm", "to": "tə", "was": "wʌz", "what": "wˌʌt",
    "will": "wɪl", "you": "ju", "your": "jʊɹ",
}
"""How words without stress are said in a sentence, where that is not the dictionary's form."""
_UNSTRESSED_WORDS = frozenset({
    "am", "are", "be", "but", "by", "can", "could", "did", "do", "does", "he", "her", "his", "if",
    "in", "is", "it", "its", "may", "me", "might", "must", "my", "on", "our", "she", "should", "so",
    "their", "there", "they", "this", "us", "we", "were", "with", "would",
})
# fmt: on
_BEFORE_VOWEL = {"the": "ði", "to": "tʊ"}
_AT_END = {"to": "tˈu", "of": "ˈʌv", "for": "fˈɔɹ", "from": "fɹˈʌm", "at": "ˈæt", "that": "ðˈæt"}
_VOWELS = frozenset("ɑæʌɔWIɛɜAɪiOYʊuəɐᵊᵻ")
_ACRONYM = re.compile(r"\b([A-Z]{2,6})(s?)\b(?!['’][a-z])")
_SPELLED = re.compile(r"[a-z](?:-[a-z])+s?")
_SIGNS = str.maketrans({"&": " and ", "%": " percent", "+": " plus ", "@": " at ", "=": " equals "})
_NOT_A_LETTER = re.compile(r"[^a-z']")
_POSSESSIVE = re.compile(r"(?:'s|(?<=s)')$")
_VOICELESS, _SIBILANT = ("P", "T", "K", "F", "TH"), ("S", "Z", "SH", "ZH", "CH", "JH")


def read_american(text: str) -> list[Token]:
    """Tokens of English text as an American says it; numbers and abbreviations are read out."""
    text = _ACRONYM.sub(_spelled, plain_marks(drop_invisible(text)))
    text = spell_out(text).translate(_SIGNS)
    return _in_sentence(list(tokens_of(text, _read)))


def _spelled(match: re.Match[str]) -> str:
    """NASA is a word that the dictionary has, API is said by its letters: "A-P-I"."""
    letters, plural = match[1], match[2]
    return match[0] if pronunciations(letters.lower()) else "-".join(letters) + plural


def _read(word: str) -> str:
    """Symbols of a lower-case word as it is said within a sentence."""
    if _SPELLED.fullmatch(word):
        return _read_letters(word)
    parts = (_NOT_A_LETTER.sub("", to_ascii(part).lower()) for part in word.split("-"))
    return "".join(_read_part(part) for part in parts if part)


def _read_letters(word: str) -> str:
    """ "a-p-is": letters by their names, the last one with the main stress."""
    letters, plural = word.removesuffix("s"), "z" if word[-2] != "-" else ""
    if not plural:
        letters = word
    names = [_symbols(("EY1",) if one == "a" else _phones(one), one) for one in letters.split("-")]
    return "".join(name.replace(_PRIMARY, "ˌ") for name in names[:-1]) + names[-1] + plural


@lru_cache(maxsize=16_384)
def _read_part(word: str) -> str:
    if word in _WEAK_FORMS:
        return _WEAK_FORMS[word]
    symbols = _symbols(_phones(word), word)
    return symbols.replace(_PRIMARY, "") if word in _UNSTRESSED_WORDS else symbols


def _phones(word: str) -> Pronunciation:
    known = pronunciations(word)
    if known:
        return known[0]
    stem = _POSSESSIVE.sub("", word)
    if stem != word and stem:
        return _with_s(_phones(stem))
    if word.endswith("s") and pronunciations(word[:-1]):
        return _with_s(pronunciations(word[:-1])[0])
    letters = word.replace("'", "")
    return guess_phones(letters) if letters else ()


def _with_s(phones: Pronunciation) -> Pronunciation:
    if phones[-1:] and phones[-1] in _SIBILANT:
        return (*phones, "IH0", "Z")
    return (*phones, "S" if phones[-1:] and phones[-1] in _VOICELESS else "Z")


def _symbols(phones: Pronunciation, word: str) -> str:
    """("HH", "AH0", "L", "OW1") -> "həlˈO"; `word` tells the ending -ed."""
    spoken = [_symbol(phones, i) for i in range(len(phones))]
    if _has_reduced_ending(phones, word):
        spoken[-2] = "ᵻ"
    return "".join(spoken)


def _symbol(phones: Pronunciation, at: int) -> str:
    phone = phones[at].rstrip("012")
    if phone == phones[at]:
        return _FLAP if phone == "T" and _is_flapped(phones, at) else _consonant(phone)
    if phones[at] == "AH0" and _is_syllabic(phones, at):
        return "ᵊ"
    mark = _STRESS_MARKS[phones[at][-1]]
    letter = _SYMBOLS[phone] if mark else _UNSTRESSED.get(phone, _SYMBOLS[phone])
    return mark + letter


def _consonant(phone: str) -> str:
    return _SYMBOLS.get(phone, phone.lower())


def _is_flapped(phones: Pronunciation, at: int) -> bool:
    """The t of water and party, not of button."""
    if not 0 < at < len(phones) - 1 or not phones[at + 1].endswith("0"):
        return False
    before = phones[at - 1]
    is_open = before[-1].isdigit() or before == "R"
    return is_open and not (phones[at + 1] == "AH0" and phones[at + 2 : at + 3] == ("N",))


def _is_syllabic(phones: Pronunciation, at: int) -> bool:
    """The last vowel of little and of button is hardly one."""
    before, after = phones[at - 1 : at], phones[at + 1 : at + 2]
    if not before or before[0][-1].isdigit() or len(phones) > at + 2 and _is_vowel(phones[at + 2]):
        return False
    return (after == ("L",) and before != ("R",)) or (after == ("N",) and before[0] in ("T", "D"))


def _is_vowel(phone: str) -> bool:
    return phone[-1].isdigit()


def _has_reduced_ending(phones: Pronunciation, word: str) -> bool:
    before, ending = "".join(phones[-3:-2]), phones[-2:]
    if word.endswith("ed") and ending in (("IH0", "D"), ("AH0", "D")):
        return before in ("T", "D")
    return before in _SIBILANT and ending in (("IH0", "Z"), ("AH0", "Z"))


def _in_sentence(tokens: list[Token]) -> list[Token]:
    """Words that are said otherwise before a vowel, or where the sentence stops."""
    words: list[int | None] = [i for i, token in enumerate(tokens) if token.text]
    said = list(tokens)
    for at, following in pairwise([*words, None]):
        assert at is not None
        token = tokens[at]
        between = tokens[at + 1 : following]
        if following is None or any(part.symbols != " " for part in between):
            said[at] = Token(token.text, _AT_END.get(token.text, token.symbols))
        elif tokens[following].symbols.lstrip("ˈˌ")[:1] in _VOWELS:
            said[at] = Token(token.text, _BEFORE_VOWEL.get(token.text, token.symbols))
    return said
