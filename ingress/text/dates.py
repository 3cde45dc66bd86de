"""Dates and times of day, read aloud."""

from __future__ import annotations

import datetime
import re
from functools import cache
from typing import NamedTuple

from ingress.text.numbers import END, START, cardinal, ordinal
from ingress.text.vocabulary import Locale

_GAP = "[ \u00a0\u202f]"
_DAYTIME = "([01]?[0-9]|2[0-4]):([0-5][0-9])"
_ISO = re.compile(
    rf"{START}(?<![/-])([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})"
    rf"(?:[T ]{_DAYTIME}(?::([0-5][0-9])(?:[.,][0-9]{{1,9}})?)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
    rf"{END}(?!-)"
)
_NUMERIC = re.compile(
    rf"{START}(?<![/-])([0-9]{{1,4}})([/.])([0-9]{{1,2}})\2([0-9]{{4}}|[0-9]{{1,2}})"
    rf"{END}(?![/-]|\.[0-9])"
)
_CLOCK_RANGE = re.compile(
    rf"(?<=:[0-5][0-9])(?:{_GAP}?[–—〜～]{_GAP}?|-)(?={_DAYTIME})"
    rf"|(?<=[0-9][AaPp][Mm]){_GAP}?[–—-]{_GAP}?(?=[0-9])"
)
_CLOCK = re.compile(
    rf"{START}(?<!:){_DAYTIME}(?::([0-5][0-9]))?(?!:|\.?[0-9])"
    rf"(?:{_GAP}?([AaPp])\.?[Mm]\b(\.?))?(?:{_GAP}?(?:Uhr|hrs?|h|बजे)(?!\w))?"
)
_CLOCK_BY_H = re.compile(
    rf"{START}(?<!:)([01]?[0-9]|2[0-4]){_GAP}?[hH](?:{_GAP}?([0-5][0-9]))?(?!\w)"
)
_HOUR = re.compile(rf"{START}(?<![:$€£])(1[0-2]|[1-9]){_GAP}?([AaPp])\.?[Mm]\b(\.?)")
_HOUR_UHR = re.compile(rf"{START}(?<!:)([01]?[0-9]|2[0-4]){_GAP}Uhr\b(?:{_GAP}([0-5]?[0-9])\b)?")
_BY_H = frozenset({"fr", "pt"})
_GERMAN_N = "am|im|vom|zum|dem|den|des|beim|bis|ab|seit|zur|diesem|jedem"
_GERMAN_E = "der|die|das"
_FIRST = {"fr": "premier", "it": "primo", "pt": "primeiro"}
_TWO_DIGIT_CENTURY = 70


class Clock(NamedTuple):
    hour: int
    minute: int
    second: int = 0


def read_dates(text: str, locale: Locale) -> str:
    """2026-11-27, 11/27/2026, 27.11.2026, Nov 27, 27. November: day and month as they are said.

    Years keep their digits, which are read later.
    """
    text = _ISO.sub(lambda found: _iso(found, locale), text)
    text = _NUMERIC.sub(lambda found: _numeric(found, locale), text)
    if locale.language == "en":
        text = _english_month_first().sub(_month_day, text)
        return _english_day_first().sub(_day_month, text)
    if locale.language == "de":
        return _german().sub(lambda found: _german_day(found, locale), text)
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
    return f"{written}{joint}{time}{' UTC' if zone == 'Z' else ''}"


def _numeric(found: re.Match[str], locale: Locale) -> str:
    first, sign, second, third = found[1], found[2], found[3], found[4]
    if len(first) == 4:
        order = "ymd"
    elif len(first) > 2 or (len(third) != 4 and not _is_short_date(found, locale)):
        return found[0]
    else:
        order = locale.numeric_order() if sign == "/" and locale.numeric_order() != "ymd" else "dmy"
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


@cache
def _month_names(language: str) -> str:
    return "|".join(sorted(map(re.escape, _months(language)), key=len, reverse=True))


@cache
def _english_month_first() -> re.Pattern[str]:
    return re.compile(
        rf"\b({_month_names('en')})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?!\w|[.,:/]\d)"
        r"(?:,? (?=\d{4}\b))?"
    )


@cache
def _english_day_first() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\w.,/:])(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_month_names('en')})\b(\.(?= ))?"
        rf"(?:,? (?=\d{{4}}\b))?"
    )


def _month_day(found: re.Match[str]) -> str:
    if not 1 <= int(found[2]) <= 31:
        return found[0]
    month, day = _months("en")[found[1]], ordinal(found[2], Locale("en"))
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
    end = "." if found[0].endswith(".") and not found.string[found.end() :].strip() else ""
    day = ordinal(found[2], locale, german_form(before))
    return f"{before} {day} {names[found[3].lower()]}{end}".strip()


def german_form(before: str) -> str:
    """How a rank ends by the word before it: am dritten, der dritte, dritter."""
    word = before.lower()
    if word in _GERMAN_N.split("|"):
        return "n"
    return "" if word in _GERMAN_E.split("|") else "r"


@cache
def _first_of_month(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/:])1(?=(?: de)? (?:{_month_names(language)})\b)")


def read_times(text: str, locale: Locale) -> str:
    """14:30, 9:05 pm, 9am, 14h30, 14 Uhr."""
    text = _CLOCK_RANGE.sub(f" {locale.words.to} ", text)
    text = _CLOCK.sub(lambda found: _clock(found, locale), text)
    if locale.language == "en":
        return _HOUR.sub(
            lambda found: cardinal(found[1], locale) + _half(found[2], found[3], found), text
        )
    if locale.language == "de":
        return _HOUR_UHR.sub(lambda found: _by_h(found, locale), text)
    if locale.language in _BY_H:
        return _CLOCK_BY_H.sub(lambda found: _by_h(found, locale), text)
    return text


def _clock(found: re.Match[str], locale: Locale) -> str:
    clock = Clock(int(found[1]), int(found[2]), int(found[3] or 0))
    if not found[4]:
        return clock_words(clock, locale)
    words = clock_words(clock, locale) if clock.minute else cardinal(str(clock.hour), locale)
    return words + _half(found[4], found[5], found)


def _half(letter: str, stop: str, found: re.Match[str]) -> str:
    """AM or PM, and the full stop of a sentence that ends there."""
    following = found.string[found.end() : found.end() + 3].lstrip(' \n"“«(')[:1]
    return f" {letter.upper()}M" + (stop if not following or following.isupper() else "")


def _by_h(found: re.Match[str], locale: Locale) -> str:
    return clock_words(Clock(int(found[1]), int(found[2] or 0)), locale)


def clock_words(clock: Clock, locale: Locale) -> str:
    """A time of day of 24 hours; digits stay in languages that keep them."""
    hour = cardinal(str(clock.hour), locale, gender=_HOUR_GENDERS.get(locale.language, ""))
    minute = cardinal(str(clock.minute), locale)
    if locale.language == "en":
        words = _english_clock(clock, hour, minute)
    else:
        whole, parted = _CLOCKS[locale.language]
        words = (parted if clock.minute else whole).format(hour=hour, minute=minute)
    if locale.language in ("fr", "pt") and clock.hour in (0, 1):
        words = words.replace("heures", "heure").replace("horas", "hora")
    if clock.second:
        words += _SECONDS[locale.language].format(cardinal(str(clock.second), locale))
    return words


def _english_clock(clock: Clock, hour: str, minute: str) -> str:
    if clock.minute:
        return f"{hour} {'oh ' if clock.minute < 10 else ''}{minute}"
    return f"{hour} o'clock" if 1 <= clock.hour <= 12 else f"{hour} hundred"


_HOUR_GENDERS = {"es": "feminine", "fr": "feminine", "pt": "feminine", "de": "masculine"}
_CLOCKS = {
    "es": ("{hour} en punto", "{hour} {minute}"),
    "fr": ("{hour} heures", "{hour} heures {minute}"),
    "de": ("{hour} Uhr", "{hour} Uhr {minute}"),
    "it": ("{hour}", "{hour} e {minute}"),
    "pt": ("{hour} horas", "{hour} e {minute}"),
    "hi": ("{hour} बजे", "{hour} बजकर {minute} मिनट"),
    "ja": ("{hour}時", "{hour}時{minute}分"),
    "zh": ("{hour}点", "{hour}点{minute}分"),
    "ko": ("{hour}시", "{hour}시 {minute}분"),
}
"""At the full hour, and with minutes."""
_SECONDS = {
    "en": " and {} seconds",
    "es": " y {} segundos",
    "fr": " et {} secondes",
    "de": " und {} Sekunden",
    "it": " e {} secondi",
    "pt": " e {} segundos",
    "hi": " {} सेकंड",
    "ja": "{}秒",
    "zh": "{}秒",
    "ko": " {}초",
}
