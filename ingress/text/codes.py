"""Digits that are no plain number: versions, card and account numbers, hashes, .5."""

from __future__ import annotations

import re

from ingress.text.numbers import (
    END,
    START,
    cardinal,
    digit_by_digit,
    digit_groups,
    read_numeral,
)
from ingress.text.vocabulary import Locale

_VERSION = re.compile(
    r"(?<![\w.])(?:([vV])\.? ?(?=\d)(\d{1,8}(?:\.\d{1,8}){0,5})|(\d{1,8}(?:\.\d{1,8}){2,5}))"
    r"(?![\w]|\.\d)"
)
_BARE_DECIMAL = re.compile(r"(?<![\w.,)\]}])\.(?=\d{1,24}(?!\w|\.\d))")
_GROUPS = re.compile(r"(?<![\w.,/:-])\d{1,9}(?:[.-]\d{1,9}){0,4}-\d{1,9}(?![\w/:-]|[.,]\d)")
_CARD = re.compile(r"(?<![\w.,/:-])\d{4}(?:[ \u00a0]\d{4}){2,4}(?![\w/:-]|[.,]\d)")
_FEWEST_DIGITS = 8
"""Of groups with hyphens: fewer are results, ranges and names."""
_HEX = re.compile(
    rf"{START}(?<![-:])(?:[0-9a-fA-F]{{2}}(?:[:-][0-9a-fA-F]{{2}}){{3,7}}"
    rf"|[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}"
    rf"|(?=[0-9]{{0,63}}[a-fA-F]{{1,63}}[0-9]{{1,63}}[a-fA-F])[0-9a-fA-F]{{7,64}}){END}"
)
_HEX_NUMBER = re.compile(r"(?<!\w)0[xX]([0-9a-fA-F]{1,32})(?!\w)")
_BANK_ACCOUNT = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?(?!\w)")
"""An IBAN in groups."""
_LONG_CODE = re.compile(
    r"(?<![\w-])(?=[A-Z]{0,20}[0-9]{1,20}[A-Z]|[A-Z]{1,20}[0-9]{5})(?=[A-Z]{0,9}[0-9])"
    r"[A-Z0-9]{8,34}(?![\w-])"
)
"""Of capitals and figures, as on parcels and cars."""

_NUMBERED_NAME = re.compile(
    r"(?<![\w.])(?:([A-Z])\.(?=\d{3}(?!\w))"
    r"|((?<![A-Z] )(?:[A-Z]{2,6}|[Rr]oom|[Hh]ighway|[Ff]light|Boeing) )(?=\d{3,4}(?!\w)))"
    r"(\d)?(\d)(\d\d)(?!\d|[.,:/-]\d|[+%]| [A-Z]{2,}[a-z]?[ .,]?[A-Z]{2})"
)
_FORMULA = re.compile(
    r"(?<!\w)(?=[A-Za-z]{0,12}[2-9])"
    r"(?:(?:Na|Ca|Cl|Mg|Fe|Al|Si|Cu|Zn|Br|[HCNOSPFK])(?:[2-9]|1\d(?=[A-Z]))?){2,8}(?![\w-])"
)
"""H2O, CO2, C6H12O6."""


def read_formulas(text: str, locale: Locale) -> str:
    """CO2 as C O 2: no word, whatever its letters are."""
    del locale
    return _FORMULA.sub(lambda found: " ".join(re.findall(r"[A-Z][a-z]?|\d+", found[0])), text)


def read_versions(text: str, locale: Locale) -> str:
    """v1.2.3, Python 3.11.6; and .5 with the zero that its writer left out."""
    text = _BARE_DECIMAL.sub("0.", text)
    return _VERSION.sub(lambda found: _version(found, locale), text)


def _version(found: re.Match[str], locale: Locale) -> str:
    parts = (found[2] or found[3]).split(".")
    if not found[1] and read_numeral(found[3], locale):  # 1.234.567 where the point groups
        return found[0]
    point = locale.words.dot if locale.writes_comma else locale.words.point
    joint = point if locale.keeps_digits else f" {point} "
    prefix = f"{found[1]} " if found[1] else ""
    return prefix + joint.join(cardinal(part, locale) for part in parts)


def read_codes(text: str, locale: Locale) -> str:
    """123-45-6789, 4111 1111 1111 1111, 01310-100 digit by digit; 3b18e5d7 and 0x8007 letter by
    letter."""
    text = _HEX_NUMBER.sub(lambda found: f"0 X {_spelled(found[1], locale)}", text)
    text = _LONG_CODE.sub(lambda found: _spelled(found[0], locale), text)
    text = _HEX.sub(lambda found: _spelled(found[0], locale), text)
    text = _CARD.sub(lambda found: digit_groups(found[0], locale), text)
    return _GROUPS.sub(lambda found: _groups(found[0], locale), text)


def _groups(code: str, locale: Locale) -> str:
    is_code = sum(one.isdecimal() for one in code) >= _FEWEST_DIGITS
    return digit_groups(code, locale) if is_code else code


def read_numbered_names(text: str, locale: Locale) -> str:
    """H.264, RTX 4090, ISO 8601, Room 404 in the pairs in which they are said in English."""
    if locale.language != "en":
        return text
    return _NUMBERED_NAME.sub(lambda found: _numbered_name(found, locale), text)


def _numbered_name(found: re.Match[str], locale: Locale) -> str:
    """H two sixty-four, forty ninety, eighty-six oh one, four oh four."""
    name = f"{found[1]} " if found[1] else found[2]
    hundreds, rest = int((found[3] or "") + found[4]), found[5]
    if not hundreds or (found[3] and hundreds < 10) or (rest == "00" and hundreds % 10 == 0):
        return name + cardinal((found[3] or "") + found[4] + rest, locale)
    first = cardinal(str(hundreds), locale)
    if rest == "00":
        return f"{name}{first} hundred"
    second = f"oh {cardinal(rest[1], locale)}" if rest[0] == "0" else cardinal(rest, locale)
    return f"{name}{first} {second}"


def read_bank_accounts(text: str, locale: Locale) -> str:
    """DE89 3704 0044 0532 0130 00, before a part of it is taken for a telephone number."""
    return _BANK_ACCOUNT.sub(lambda found: _spelled_groups(found[0], locale), text)


def _spelled_groups(code: str, locale: Locale) -> str:
    return ", ".join(_spelled(group, locale) for group in code.split())


def _spelled(code: str, locale: Locale) -> str:
    return " ".join(
        digit_by_digit(one, locale) if one.isdecimal() else one.upper()
        for one in code
        if one.isalnum()
    )
