"""Dates, read aloud."""

from __future__ import annotations

import datetime
import re
from functools import cache

from ingress.text.clocks import DAYTIME, Clock, clock_words
from ingress.text.numbers import END, START, ordinal, spelled_year
from ingress.text.vocabulary import Locale

_ISO = re.compile(
    rf"{START}(?<![/-])([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})"
    rf"(?:[T ]{DAYTIME}(?::([0-5][0-9])(?:[.,][0-9]{{1,9}})?)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
    rf"{END}(?!-)"
)
_NUMERIC = re.compile(
    rf"{START}(?<![/-])([0-9]{{1,4}})([/.-])([0-9]{{1,2}})\2([0-9]{{4}}|[0-9]{{1,2}})"
    rf"{END}(?![/-]|\.[0-9])"
)
_DAY_AND_MONTH = re.compile(
    r"(?:\b([A-Za-z]{2,6}) )?(?<![\w.,/:])([0-9]{1,2})\. ?([0-9]{1,2})\.(?![\w.,:/-])"
)
_GERMAN_N = "am|im|vom|zum|dem|den|des|beim|bis|ab|seit|zur|diesem|jedem"
_GERMAN_E = "der|die|das"
_ERA = re.compile(
    r"(?<![\w.,])1\d{3}(?= ?(?:AD|BCE?|CE|A\.D\.|B\.C\.)(?!\w))|(?<=\bAD )1\d{3}(?!\w)"
)
"""1066 AD: before 1100 only what is counted from tells a year from a number."""
_FIRST = {"fr": "premier", "it": "primo", "pt": "primeiro"}
_TWO_DIGIT_CENTURY = 70


def read_dates(text: str, locale: Locale) -> str:
    """2026-11-27, 11/27/2026, 27.11.2026, Nov 27, 27. November: day and month as they are said.

    Years keep their digits, which are read later.
    """
    text = _ISO.sub(lambda found: _iso(found, locale), text)
    text = _NUMERIC.sub(lambda found: _numeric(found, locale), text)
    if locale.language == "en":
        text = _ERA.sub(lambda found: spelled_year(int(found[0])), text)
        text = _english_months().sub(_month_or_two, text)
        text = _english_month_first().sub(_month_day, text)
        return _english_day_first().sub(_day_month, text)
    if locale.language == "de":
        text = _german().sub(lambda found: _german_day(found, locale), text)
        return _DAY_AND_MONTH.sub(lambda found: _german_day_and_month(found, locale), text)
    if first := _FIRST.get(locale.language):
        return _first_of_month(locale.language).sub(first, text)
    return text


def date_words(text: str, order: str, locale: Locale) -> str | None:
    """A date of numbers in the given order ("dmy", "md", "y" …); None when it is none."""
    parts = re.findall(r"\d{1,4}", text[:32])
    if len(parts) != len(order):
        return None
    named = dict(zip(order, map(int, parts), strict=True))
    if set(order) == {"y", "m", "d"}:
        written = _long_date(named["y"], named["m"], named["d"], locale)
        return written and read_dates(written, locale)
    if set(order) == {"m", "d"} and (written := _long_date(2000, named["m"], named["d"], locale)):
        without_year = re.sub(r"[, ]{0,2}(?: de )? ?2000(?:年|년 )?", "", written)
        return read_dates(without_year, locale)
    return text if order == "y" else None


def _iso(found: re.Match[str], locale: Locale) -> str:
    year, month, day, hour, minute, second, zone = found.groups()
    written = _long_date(int(year), int(month), int(day), locale)
    if written is None:
        return found[0]
    if hour is None:
        return written
    time = clock_words(Clock(int(hour), int(minute), int(second or 0)), locale)
    joint = " " if locale.keeps_digits else ", "
    offset = "" if zone is None else " UTC" if zone == "Z" else f" UTC{zone}"
    return f"{written}{joint}{time}{offset}"


def _numeric(found: re.Match[str], locale: Locale) -> str:
    first, sign, second, third = found[1], found[2], found[3], found[4]
    if sign == "-" and (len(first) > 2 or len(third) != 4):  # 1-2-26 may be anything
        return found[0]
    if len(first) == 4:
        order = "ymd"
    elif len(first) > 2 or (len(third) != 4 and not _is_short_date(found, locale)):
        return found[0]
    else:
        own = locale.numeric_order()
        order = own if sign in "/-" and own != "ymd" else "dmy"
    values = dict(zip(order, map(int, (first, second, third)), strict=True))
    if values["m"] > 12 >= values["d"]:
        values["m"], values["d"] = values["d"], values["m"]
    return _long_date(values["y"], values["m"], values["d"], locale) or found[0]


def _is_short_date(found: re.Match[str], locale: Locale) -> bool:
    """27/11/26, and 27.11.26 where Germans write it; 1.2.3 is a version."""
    return len(found[4]) == 2 and (found[2] == "/" or locale.language == "de")


def _long_date(year: int, month: int, day: int, locale: Locale) -> str | None:
    """As CLDR writes it at length, with digits; None for a day that no calendar has."""
    if year < 100:
        year += 2000 if year < _TWO_DIGIT_CENTURY else 1900
    try:
        date = datetime.date(year, month, day)
    except ValueError:
        return None
    from babel.dates import format_date

    return format_date(date, "long", locale=locale.language)


@cache
def _months(language: str) -> dict[str, str]:
    """Every spelling of a month's name, in one case, and its full name."""
    from babel.dates import get_month_names

    names = get_month_names("wide", "format", locale=language)
    months: dict[str, str] = {}
    for width in ("wide", "abbreviated"):
        for number, name in get_month_names(width, "format", locale=language).items():
            months[name.rstrip(".")] = names[number]
    return months | ({"Sept": "September"} if language == "en" else {})


def _month_name(language: str, number: int) -> str:
    from babel.dates import get_month_names

    return str(get_month_names("wide", "format", locale=language)[number])


@cache
def _month_names(language: str) -> str:
    return "|".join(sorted(map(re.escape, _months(language)), key=len, reverse=True))


@cache
def _english_month_first() -> re.Pattern[str]:
    return re.compile(
        rf"\b({_month_names('en')})\.? (\d{{1,2}})(?:st|nd|rd|th)?"
        r"(?:[-–—](\d{1,2})(?:st|nd|rd|th)?)?(?!\w|[.,:/]\d)"
        r"(?:,? (?=\d{4}\b))?"
    )


@cache
def _english_day_first() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\w.,/:])(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_month_names('en')})\b(\.(?= ))?"
        rf"(?:,? (?=\d{{4}}\b))?"
    )


@cache
def _english_months() -> re.Pattern[str]:
    """Nov 2025, Jan–Mar 2024."""
    names = _month_names("en")
    return re.compile(rf"\b(?:({names})\.? ?[-–] ?)?({names})\.? (?=\d{{4}}(?!\w|[.,:/]\d))")


def _month_or_two(found: re.Match[str]) -> str:
    first = f"{_months('en')[found[1]]} to " if found[1] else ""
    return f"{first}{_months('en')[found[2]]} "


def _month_day(found: re.Match[str]) -> str:
    if not 1 <= int(found[2]) <= 31:
        return found[0]
    month, day = _months("en")[found[1]], ordinal(found[2], Locale("en"))
    if found[3]:
        day += f" to {ordinal(found[3], Locale('en'))}"
    return f"{month} {day}" + (", " if found[0].endswith(" ") else "")


def _day_month(found: re.Match[str]) -> str:
    if not 1 <= int(found[1]) <= 31:
        return found[0]
    month, day = _months("en")[found[2]], ordinal(found[1], Locale("en"))
    return f"{day} of {month}" + (" " if found[0].endswith(" ") else "")


@cache
def _german() -> re.Pattern[str]:
    return re.compile(
        rf"(?:\b({_GERMAN_N}|{_GERMAN_E}) )?(?<![\w.,/:])(\d{{1,2}})\. ?"
        rf"({_month_names('de')})\b\.?",
        re.IGNORECASE,
    )


def _german_day(found: re.Match[str], locale: Locale) -> str:
    before = found[1] or ""
    if not 1 <= int(found[2]) <= 31:
        return found[0]
    names = {name.lower(): full for name, full in _months("de").items()}
    is_full = found[3].lower() == names[found[3].lower()].lower()
    is_last = not found.string[found.end() : found.end() + 8].strip()
    end = "." if found[0].endswith(".") and (is_full or is_last) else ""
    day = ordinal(found[2], locale, german_form(before))
    return f"{before} {day} {names[found[3].lower()]}{end}".strip()


def _german_day_and_month(found: re.Match[str], locale: Locale) -> str:
    """am 24.12.: the full stop is the month's, and may be the sentence's too."""
    before, day, month = found[1] or "", int(found[2]), int(found[3])
    is_introduced = german_form(before) != "r"
    if not (is_introduced and 1 <= day <= 31 and 1 <= month <= 12):
        return found[0]
    name = _month_name("de", month)
    stop = "." if re.match(r"\s{0,8}(?:$|\n)", found.string[found.end() :][:9]) else ""
    return f"{before} {ordinal(found[2], locale, german_form(before))} {name}{stop}".strip()


def german_form(before: str) -> str:
    """How a rank ends by the word before it: am dritten, der dritte, dritter."""
    word = before.lower()
    if word in _GERMAN_N.split("|"):
        return "n"
    return "" if word in _GERMAN_E.split("|") else "r"


@cache
def _first_of_month(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/:])1(?=(?: de)? (?:{_month_names(language)})\b)")
