"""Numerals in words, by CLDR's rules for spelling numbers out (unicode.org/reports/tr35, RBNF)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ingress.text.vocabulary import Locale

if TYPE_CHECKING:  # imported when the first number is read: a server starts without it
    from unicode_rbnf import RbnfEngine

NUMERAL = r"\d{1,24}(?:[.,'’\u00a0\u202f\u2009]\d{1,24}){0,8}"
"""Digits with whatever may group them or begin decimals. Bounded: so is the work at each place."""
_LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
START = rf"(?<!{_LETTER})(?<![.,])"
"""No letter or digit before: but kana, Han and Hangul may stand there, which write no spaces."""
END = rf"(?!{_LETTER})"
GAP = r"[ \u00a0\u202f]"
"""A space between a number and its unit, currency or hour; lines do not break at the latter two."""
MAX_SPELLED_DIGITS = 15
"""Longer numerals are codes, read digit by digit; CLDR's rules end at 18."""

_SPACES = re.compile(r"['’\u00a0\u202f\u2009]")
_BY_DIGITS = frozenset({"en", "de", "hi"})
"""Where 3.14 is three point one four and not three point fourteen."""
_SWAPPED = str.maketrans(",.", ".,")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3}){0,7},\d{3}(?:\.\d{1,24})?")
_DECIMAL = re.compile(r"\d{1,24}\.\d{1,24}")
_DIGITS = {
    "ja": ["ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"],
    "zh": list("零一二三四五六七八九"),
    "ko": list("공일이삼사오육칠팔구"),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """Digits before and after the decimal sign."""

    whole: str
    decimals: str = ""
    has_point: bool = False
    """Whether a point stands before the decimals in a language that writes a comma."""

    @property
    def value(self) -> Decimal:
        return Decimal(f"{self.whole}.{self.decimals}" if self.decimals else self.whole)


def read_numeral(text: str, locale: Locale) -> Amount | None:
    """What a numeral means where its language is spoken; None where it is none: 1.2.3, 3,5."""
    plain = _SPACES.sub("", text) if _SPACES.search(text) and _is_grouped(text) else text
    if plain.isdecimal():
        return Amount(plain)
    is_comma_decimal = locale.writes_comma
    here = plain.translate(_SWAPPED) if is_comma_decimal else plain
    for spelled in (here, here.translate(_SWAPPED)):
        if _GROUPED.fullmatch(spelled) and (spelled is here or "." in spelled):
            whole, _, decimals = spelled.replace(",", "").partition(".")
            return Amount(whole, decimals)
        if _DECIMAL.fullmatch(spelled) and (spelled is here or is_comma_decimal):
            whole, _, decimals = spelled.partition(".")
            return Amount(whole, decimals, is_comma_decimal and spelled is not here)
    return None


def _is_grouped(text: str) -> bool:
    return all(len(part) == 3 for part in re.split(r"[.,]", _SPACES.sub(" ", text))[0].split()[1:])


def amount_words(amount: Amount, locale: Locale, *, gender: str = "") -> str:
    """ "3.14" -> "three point one four"; digits where the language's front ends read them."""
    if locale.keeps_digits:
        return amount.whole + (f".{amount.decimals}" if amount.decimals else "")
    whole = cardinal(amount.whole, locale, gender=gender if not amount.decimals else "")
    if not amount.decimals:
        return whole
    is_number = len(amount.decimals) <= 2 and amount.decimals[0] != "0"
    if locale.language in _BY_DIGITS or not is_number:
        decimals = digit_by_digit(amount.decimals, locale)
    else:
        decimals = cardinal(amount.decimals, locale)
    point = locale.words.dot if amount.has_point else locale.words.point
    return f"{whole} {point} {decimals}"


def cardinal(digits: str, locale: Locale, *, gender: str = "") -> str:
    """A whole number; digit by digit where it begins with zero or is too long to be one.

    `gender` is that of what is counted: masculine, feminine, or not known.
    """
    if locale.keeps_digits:
        return digits
    if (digits[0] == "0" and len(digits) > 1) or len(digits) > MAX_SPELLED_DIGITS:
        return digit_by_digit(digits, locale)
    return _spelled(locale.language, int(digits), f"cardinal-{gender}", "cardinal", "numbering")


def ordinal(digits: str, locale: Locale, form: str = "masculine") -> str:
    """A rank. `form` is CLDR's: masculine, feminine, or German's r, n."""
    if locale.keeps_digits or len(digits) > MAX_SPELLED_DIGITS:
        return digits
    return _spelled(locale.language, int(digits), f"ordinal-{form}", "ordinal", "ordinal-masculine")


def year(digits: str, locale: Locale) -> str:
    """Four digits as a year is said: nineteen ninety-nine, neunzehnhundertneunundneunzig."""
    number = int(digits)
    if locale.language == "en" and 1100 <= number < 2100 and not 2000 <= number < 2010:
        return spelled_year(number)
    if locale.language == "de" and 1100 <= number < 2000:
        return _spelled("de", number, "numbering-year")
    return cardinal(digits, locale)


def spelled_year(number: int) -> str:
    """In English: ten sixty-six, twenty oh five."""
    return _spelled("en", number, "numbering-year")


def digit_by_digit(digits: str, locale: Locale) -> str:
    if words := _DIGITS.get(locale.language):
        return "".join(words[int(digit)] for digit in digits)
    return " ".join(_spelled(locale.language, int(one), "numbering") for one in digits)


def digit_groups(text: str, locale: Locale) -> str:
    """Every digit by its name, with a comma where the writer left a gap: telephone numbers."""
    groups = (digit_by_digit(group, locale) for group in re.findall(r"\d+", text))
    return ("、" if locale.language in ("ja", "zh") else ", ").join(groups)


@lru_cache(maxsize=4096)
def _spelled(language: str, number: int, *rule_sets: str) -> str:
    """By the first of CLDR's rule sets that the language has."""
    engine = _engine(language)
    names = (f"spellout-{name}" for name in rule_sets)
    name = next((name for name in names if name in engine.rulesets), "spellout-numbering")
    return engine.format_number(number, ruleset_names=[name]).text


@cache
def _engine(language: str) -> RbnfEngine:
    from unicode_rbnf import RbnfEngine

    return RbnfEngine.for_language(language)


def spaced(found: re.Match[str], words: str) -> str:
    """Words in the place of a match, apart from letters and digits that touch it."""
    before = found.string[found.start() - 1 : found.start()] if found.start() else ""
    after = found.string[found.end() : found.end() + 1]
    return (" " if before.isalnum() else "") + words + (" " if after.isalnum() else "")
