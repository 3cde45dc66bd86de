"""Times of day, read aloud."""

from __future__ import annotations

import re
from typing import NamedTuple

from ingress.text.numbers import GAP, START, cardinal
from ingress.text.vocabulary import Locale

DAYTIME = "([01]?[0-9]|2[0-4]):([0-5][0-9])"
_CLOCK_RANGE = re.compile(
    rf"(?<=:[0-5][0-9])(?:{GAP}?[–—〜～]{GAP}?|-)(?={DAYTIME})"
    rf"|(?:(?<=[0-9][AaPp][Mm])|(?<=[AaPp]\.[Mm]\.)){GAP}?[–—-]{GAP}?(?=[0-9])"
)
_CLOCK = re.compile(
    rf"{START}(?<!:){DAYTIME}(?::([0-5][0-9]))?(?!:|\.?[0-9])"
    rf"(?:{GAP}?([AaPp])\.?[Mm]\b(\.?))?(?:{GAP}?(?:Uhr|hrs?|h|बजे)(?!\w))?"
)
_HOURS = re.compile(
    rf"{START}(?<!:)(1[0-2]|[1-9]){GAP}?[-–—]{GAP}?"
    rf"(?=(?:1[0-2]|[1-9])(?::[0-5][0-9])?{GAP}?[AaPp]\.?[Mm]\b)"
)
"""5-9 p.m."""
_OFFSET = re.compile(r"\b(UTC|GMT)([+−-])0?([0-9]|1[0-4])(?::?([0-5][0-9]))?(?![\w:])")
_ZONE_THAT_IS_A_WORD = re.compile(r"(?<=[\dMm.] )(?:EST|CEST|CET|EET|EEST|AEST|MEZ|MESZ)\b")
_ZONE = re.compile(r" (?:[ECMP][SD]?T|GMT|UTC|BST|CES?T|[A-Z](?: [A-Z]){2,3})\b")
_CLOCK_BY_H = re.compile(
    rf"{START}(?<!:)([01]?[0-9]|2[0-4]){GAP}?[hH](?:{GAP}?([0-5][0-9]))?(?!\w)"
)
_HOUR = re.compile(rf"{START}(?<![:$€£])(1[0-2]|[1-9]){GAP}?([AaPp])\.?[Mm]\b(\.?)")
_CLOCK_BY_POINT = {
    "de": re.compile(rf"{START}(?<!:)([01]?[0-9]|2[0-4])\.([0-5][0-9]){GAP}?Uhr(?!\w)"),
    "it": re.compile(r"(?:(?<=[Aa]lle )|(?<=[Oo]re ))([01]?[0-9]|2[0-4])\.([0-5][0-9])(?![.,]?\w)"),
}
_HOURS_UHR = re.compile(rf"{START}(?<!:)([01]?[0-9]|2[0-4]) ?[-–] ?(?=[0-9.:]{{1,5}}{GAP}Uhr\b)")
_HOUR_UHR = re.compile(rf"{START}(?<!:)([01]?[0-9]|2[0-4]){GAP}Uhr\b(?:{GAP}([0-5]?[0-9])\b)?")
_DURATION = re.compile(
    rf"{START}(?<!:)(?:(\d{{1,3}})h ?(\d{{1,2}})m(?:in)?(?: ?(\d{{1,2}})s)?"
    r"|(\d{1,3})m ?(\d{1,2})s)(?!\w)"
)
"""2h 30m, 5m 20s."""
_SPANISH_HALF = re.compile(r"(?<=\d) ?([ap])\. ?m\.(?!\w)")
_BY_H = frozenset({"fr", "pt"})


class Clock(NamedTuple):
    hour: int
    minute: int
    second: int = 0


def read_times(text: str, locale: Locale) -> str:
    """14:30, 9:05 pm, 9am, 14h30, 14 Uhr."""
    if locale.language == "de":
        text = _HOURS_UHR.sub(rf"\1 {locale.words.to} ", text)
    text = _DURATION.sub(_duration, text)
    if locale.language == "es":
        text = _SPANISH_HALF.sub(_spanish_half, text)
    if by_point := _CLOCK_BY_POINT.get(locale.language):
        text = by_point.sub(lambda found: _by_h(found, locale), text)
    text = _ZONE_THAT_IS_A_WORD.sub(lambda found: " ".join(found[0]), text)
    text = _OFFSET.sub(lambda found: _offset(found, locale), text)
    if locale.language == "en":
        text = _HOURS.sub(r"\1 to ", text)
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


def _duration(found: re.Match[str]) -> str:
    """With the signs that are read as units."""
    hours, minutes, seconds, only_minutes, last = found.groups()
    parts = ((hours, "h"), (minutes or only_minutes, "min"), (seconds or last, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _spanish_half(found: re.Match[str]) -> str:
    """8 a. m.: the full stop is the sentence's too, where one ends there."""
    following = found.string[found.end() : found.end() + 2].strip()
    half = "de la mañana" if found[1] == "a" else "de la tarde"
    return f" {half}" + ("." if not following or following.isupper() else "")


def _offset(found: re.Match[str], locale: Locale) -> str:
    """UTC+2, GMT-5, UTC+05:30."""
    sign = locale.words.plus if found[2] == "+" else locale.words.minus
    minutes = f" {found[4]}" if found[4] and found[4] != "00" else ""
    return f"{found[1]} {sign} {found[3]}{minutes}"


def _clock(found: re.Match[str], locale: Locale) -> str:
    clock = Clock(int(found[1]), int(found[2]), int(found[3] or 0))
    if not found[4]:
        return clock_words(clock, locale)
    words = clock_words(clock, locale) if clock.minute else cardinal(str(clock.hour), locale)
    return words + _half(found[4], found[5], found)


def _half(letter: str, stop: str, found: re.Match[str]) -> str:
    """AM or PM, and the full stop of a sentence that ends there."""
    following = found.string[found.end() : found.end() + 3].lstrip(' \n"“«(')[:1]
    is_end = not following or (following.isupper() and not _ZONE.match(found.string, found.end()))
    return f" {letter.upper()}M" + (stop if is_end else "")


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
        if locale.language == "es" and 0 < clock.minute < 10:
            words = f"{hour} y {minute}"
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
