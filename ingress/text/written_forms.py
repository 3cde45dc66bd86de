"""What is written otherwise than it is said, in words: numbers, dates, money, units, addresses.

One rule after another, from the most particular; what a rule has read holds no mark that a later
one looks for. Every pattern matches a bounded length, so the work grows with the text and
no faster. Text in languages without a vocabulary stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

from ingress.text.abbreviations import read_abbreviations
from ingress.text.addresses import read_addresses, read_phone_numbers
from ingress.text.dates import read_dates, read_times
from ingress.text.money import read_money
from ingress.text.numbers import (
    NUMERAL,
    START,
    amount_words,
    cardinal,
    read_numeral,
    spaced,
    year,
)
from ingress.text.quantities import (
    read_fractions,
    read_measures,
    read_ordinals,
    read_ranges,
    read_signs,
)
from ingress.text.roman import read_roman_numerals
from ingress.text.vocabulary import Locale

_OTHER_DIGITS = re.compile(r"(?![0-9])\d")
_WIDE_MARKS = re.compile(r"(?<=\d)[．：，／－](?=\d)")
_ANYTHING_TO_READ = re.compile(r"[\d@#&=<>+~×÷≤≥≈±½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅒]|\w\.\w|[IVXLC]{2,9}|://")
_VERSION = re.compile(
    r"(?<![\w.])(?:([vV])\.? ?(?=\d)(\d{1,8}(?:\.\d{1,8}){0,5})|(\d{1,8}(?:\.\d{1,8}){2,5}))"
    r"(?![\w]|\.\d)"
)
_NUMBER = re.compile(rf"(?P<minus>(?<![\w).,])[-−])?(?P<number>{NUMERAL})")
_SPACED_THOUSANDS = re.compile(rf"{START}(?<![+)])[1-9]\d{{0,2}}(?: \d{{3}}){{1,4}}(?!\d| \d)")
_GROUPING = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3}){1,7}(?![\d,])")
_NO_NOUN = re.compile(r"(?!)()")
_ROMANCE_NOUN = re.compile(r" ([a-zà-ÿ]{3,20})\b")
_NOUNS = {
    **{"es": _ROMANCE_NOUN, "pt": _ROMANCE_NOUN, "it": _ROMANCE_NOUN},
    "de": re.compile(r" ([A-ZÄÖÜ][a-zäöüß]{2,20})\b"),
}
_NO_NOUNS = frozenset(
    (
        *("para", "hasta", "por", "con", "que", "son", "más", "menos", "como", "desde", "sobre"),
        *("entre", "está", "era", "fue", "sin", "pero", "mas", "até", "com", "são", "foi", "sem"),
        *("per", "più", "meno", "come", "sono", "tra", "fra", "alle", "della", "dal", "che"),
        "Uhr",
    )
)
_MASCULINE = frozenset(
    ("día", "días", "tema", "temas", "problema", "problemas", "sistema", "sistemas", "dia", "dias")
)
_FEMININE_ENDS: dict[str, tuple[str, ...]] = {
    "es": ("a", "as", "ción", "ciones", "dad", "dades"),
    "pt": ("a", "as", "ção", "ções", "dade", "dades"),
    "it": ("a", "zione", "zioni", "tà"),
    "de": ("e", "ung", "heit", "keit", "schaft", "ion", "tät", "Frau"),
}


def read_written_forms(text: str, locale: Locale) -> str:
    """The text as it is said in its language. Call it off the event loop."""
    if not locale.is_read:
        return text
    text = read_abbreviations(text, locale)
    if not _ANYTHING_TO_READ.search(text):
        return text
    text = _OTHER_DIGITS.sub(lambda found: str(int(found[0])), text)
    text = _WIDE_MARKS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    for rule in (
        *(read_addresses, read_dates, _read_versions, _join_thousands, read_times, read_money),
        *(read_phone_numbers, read_ranges, read_measures, read_ordinals, read_fractions),
        *(read_roman_numerals, read_signs, _read_numbers),
    ):
        text = rule(text, locale)
    return text


def _join_thousands(text: str, locale: Locale) -> str:
    """10 000 with an ordinary space where that is how thousands are written."""
    if locale.language == "en" or locale.keeps_digits:
        return text
    return _SPACED_THOUSANDS.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


def _read_versions(text: str, locale: Locale) -> str:
    return _VERSION.sub(lambda found: _version(found, locale), text)


def _version(found: re.Match[str], locale: Locale) -> str:
    parts = (found[2] or found[3]).split(".")
    if not found[1] and read_numeral(found[3], locale):  # 1.234.567 where the point groups
        return found[0]
    joint = locale.words.point if locale.keeps_digits else f" {locale.words.point} "
    prefix = f"{found[1]} " if found[1] else ""
    return prefix + joint.join(cardinal(part, locale) for part in parts)


def _read_numbers(text: str, locale: Locale) -> str:
    if locale.keeps_digits:
        return _GROUPING.sub(lambda found: found[0].replace(",", ""), text)
    return _NUMBER.sub(lambda found: _number(found, locale), text)


def _number(found: re.Match[str], locale: Locale) -> str:
    minus = f"{locale.words.minus} " if found["minus"] else ""
    return spaced(found, minus + _number_words(found, locale))


def _number_words(found: re.Match[str], locale: Locale) -> str:
    written = found["number"]
    amount = read_numeral(written, locale)
    if amount is None:  # several numbers with marks between them
        return re.sub(r"\d{1,24}", lambda part: _whole(part[0], "", locale), written)
    if amount.decimals:
        return amount_words(amount, locale)
    gender = _gender(found.string[found.end() : found.end() + 24], locale)
    if written.isdecimal():
        return _whole(written, gender, locale)
    return cardinal(amount.whole, locale, gender=gender)


def _whole(digits: str, gender: str, locale: Locale) -> str:
    return year(digits, locale) if len(digits) == 4 else cardinal(digits, locale, gender=gender)


def _gender(following: str, locale: Locale) -> str:
    """Of the noun that is counted, by its ending; "" where none follows or it does not matter."""
    found = _NOUNS.get(locale.language, _NO_NOUN).match(following)
    if found is None or found[1] in _NO_NOUNS:
        return ""
    is_feminine = found[1].endswith(_FEMININE_ENDS[locale.language]) and found[1] not in _MASCULINE
    return "feminine" if is_feminine else "masculine"
