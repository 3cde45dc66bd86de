"""Numbers with what they count: units, percent, ranks, ranges."""

from __future__ import annotations

import re

from ingress.text.dates import german_form
from ingress.text.numbers import (
    END,
    GAP,
    NUMERAL,
    START,
    amount_words,
    cardinal,
    ordinal,
    read_numeral,
    year,
)
from ingress.text.units import PER, UNIT, UNITS, rate_words, unit_words
from ingress.text.vocabulary import Locale

_MEASURE = re.compile(
    rf"{START}(?P<minus>[-−+±])?(?P<number>{NUMERAL}){GAP}?(?P<unit>{UNIT})"
    rf"(?:/(?P<per>{PER}))?{END}(?![/²³°])"
    r"(?:(?:(?<=oz|ft|lb|hr|yd|mi|qt)|(?<=lbs|hrs|min|sec|gal|tsp)|(?<=mins|secs|tbsp))"
    r"\.(?= [a-z]|,))?"
)
_PERCENT = re.compile(rf"{START}(?P<minus>[-−+±])?(?P<number>{NUMERAL}){GAP}?[%％]{END}")
_DECADE = re.compile(r"(?<![\w.,'’])['’]?((?:1[1-9]|20)[0-9]0|[1-9]0)s\b")
_GERMAN_DECADE = re.compile(r"(?<![\w.,'’])['’]?((?:1[1-9]|20)?[1-9]0)er\b")
_SHORT_DECADE = re.compile(r"(?<!\w)['’](?=[1-9]0\b)")
_HEIGHT = re.compile(
    rf"{START}([1-9])(?:['′’] ?| ?ft\.? )(\d{{1,2}})(?:[\"″”]| ?in\b(?:\.(?=[;,:)]))?)(?!\w)"
)

_RANKED_IN_ITALIAN = (
    "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre"
    "|piano|posto|grado|giorno|anno|turno|secolo|livello|capitolo|articolo|tempo|atto|premio"
)
"""Before these people write ° for º."""
_ORDINALS = {
    "en": re.compile(r"(?<![\w.,])(\d{1,9}(?:,\d{3}){0,3})(?:st|nd|rd|th)\b"),
    "es": re.compile(r"(?<![\w.,])(\d{1,4})(?:\.?([ºª])|(\.?er)\b)"),
    "fr": re.compile(r"(?<![\w.,])(\d{1,9})(?:(er|e|è?me|i?ème|nd)|(ère|re|nde))(s?)\b"),
    "it": re.compile(rf"(?<![\w.,])(\d{{1,9}})(?:\.?([ºª])|°(?= (?:{_RANKED_IN_ITALIAN})))"),
    "pt": re.compile(r"(?<![\w.,])(\d{1,9})\.?([ºª])"),
    "de": re.compile(
        r"\b(der|die|das|dem|den|des|am|im|vom|zum|zur|beim|ihr|sein|jeder|jede|jedes) "
        r"(\d{1,4})\. ?(?=[a-zA-ZäöüÄÖÜ])",
        re.IGNORECASE,
    ),
}
_GERMAN_RANKED = {
    **dict.fromkeys(("Platz", "Stock", "Weltkrieg", "Tag", "Teil", "Gang"), "r"),
    **dict.fromkeys(("Etage", "Klasse", "Liga", "Bundesliga", "Halbzeit", "Runde", "Auflage"), ""),
    **dict.fromkeys(("Jahrhundert", "Kapitel", "Semester", "Quartal", "Mal"), "s"),
}
_GERMAN_RANK = re.compile(rf"(?<![\w.,])(\d{{1,2}})\. ({'|'.join(_GERMAN_RANKED)})\b")
"""1. Platz: without an article the rank ends as the noun's gender wants."""
_SCALED = re.compile(
    rf"(?<![\w.,/-])(?P<number>{NUMERAL})(?:(?P<k>k)|(?P<m>M)|(?P<b>bn|B))\b"
    r"(?:(?<=k)|(?= [a-z]{3}|\+))"
)
"""100k, 3.2M views; 4K and the company 3M are names."""
_RANGE = re.compile(r"(?<=[\d%°])[ \u00a0]?(?:[–—〜～][ \u00a0]?|~)(?=\d)")
_RANK_RANGE = re.compile(r"(?<=\d(?:st|nd|rd|th))[-–](?=\d{1,9}(?:st|nd|rd|th)\b)")
_HYPHEN_RANGE = re.compile(rf"{START}(?<![:/$€£¥-])(\d{{1,4}})-(\d{{1,4}})(?![:/-]|\d|[.,]\d)")
_RESULTS = re.compile(r"(?<![\w-])\d{1,2}[-–]\d{1,2}(?:, ?\d{1,2}[-–]\d{1,2}){1,4}(?![\w-])")
"""6-4, 3-6, 7-5: where one goes down, all are results."""
_ENGLISH_SPAN = re.compile(r"(?<=\bfrom )(\d{1,4})[-–—](?=\d{1,4}(?![\w:/-]|[.,]\d))")
"""From 9-5 goes down, and is none the less a range."""


def read_ranges(text: str, locale: Locale) -> str:
    """3–5, 3-5 and 3rd–5th as "3 to 5"; the numbers are read later."""
    joint = locale.words.to if locale.keeps_digits else f" {locale.words.to} "
    text = _RESULTS.sub(_results, text)
    if locale.language == "en":
        text = _RANK_RANGE.sub(" to ", _ENGLISH_SPAN.sub(r"\1 to ", text))
    text = _RANGE.sub(joint, text)
    return _HYPHEN_RANGE.sub(
        lambda found: f"{found[1]}{joint}{found[2]}" if _ascends(found) else found[0], text
    )


def _results(found: re.Match[str]) -> str:
    pairs = [tuple(map(int, re.split("[-–]", one))) for one in found[0].split(",")]
    return re.sub("[-–]", " ", found[0]) if any(low > high for low, high in pairs) else found[0]


def _ascends(found: re.Match[str]) -> bool:
    """3-5, and 1990-95 where the century is not repeated; 2-1 is a result."""
    low, high = found[1], found[2]
    is_short = len(low) == 4 and len(high) == 2
    return int(low[2:] if is_short else low) < int(high)


def read_measures(text: str, locale: Locale) -> str:
    """80 km/h, 20 °C, 50 %, the 1980s."""
    if locale.language == "en":
        text = _DECADE.sub(_decade, text)
        text = _HEIGHT.sub(r"\1 foot \2", text)
        text = _SCALED.sub(lambda found: _scaled(found, locale), text)
    elif locale.language == "de":
        text = _GERMAN_DECADE.sub(lambda found: f"{year(found[1], locale)}er", text)
    text = _SHORT_DECADE.sub("", text)
    text = _PERCENT.sub(lambda found: _percent(found, locale), text)
    return _MEASURE.sub(lambda found: _measure(found, locale), text)


def _decade(found: re.Match[str]) -> str:
    digits, english = found[1], Locale("en")
    if digits.endswith("00"):  # the nineteen hundreds, the two thousands
        return f"{year(digits, english)}s"
    tens = cardinal(digits[-2:], english)
    tens = f"{tens}s" if tens == "ten" else f"{tens.removesuffix('y')}ies"
    return f"{cardinal(digits[:2], english)} {tens}" if len(digits) == 4 else tens


def _scaled(found: re.Match[str], locale: Locale) -> str:
    amount, words = read_numeral(found["number"], locale), locale.words
    if amount is None:
        return found[0]
    scale = words.thousand if found["k"] else words.million if found["m"] else words.billion
    return f"{amount_words(amount, locale)} {scale}"


def _percent(found: re.Match[str], locale: Locale) -> str:
    amount = read_numeral(found["number"], locale)
    if amount is None:
        return found[0]
    return _sign(found, locale) + locale.words.percent.format(amount_words(amount, locale))


def _measure(found: re.Match[str], locale: Locale) -> str:
    amount = read_numeral(found["number"], locale)
    if amount is None:
        return found[0]
    unit, per = UNITS[found["unit"]], found["per"]
    if per is None:
        words: str | None = unit_words(amount, unit, locale)
    else:
        words = rate_words(amount, unit, UNITS[per], locale)
    return found[0] if words is None else _sign(found, locale) + words


def _sign(found: re.Match[str], locale: Locale) -> str:
    words = locale.words
    sign = {"-": words.minus, "−": words.minus, "+": words.plus, "±": words.plus_minus}
    if not found["minus"]:
        return ""
    return sign[found["minus"]] + ("" if locale.keeps_digits else " ")


def read_ordinals(text: str, locale: Locale) -> str:
    """21st, 3.º, 2e, 1ª, and German's 3. after an article."""
    if pattern := _ORDINALS.get(locale.language):
        text = pattern.sub(lambda found: _ordinal(found, locale), text)
    if locale.language != "de":
        return text
    return _GERMAN_RANK.sub(
        lambda found: f"{ordinal(found[1], locale, _GERMAN_RANKED[found[2]])} {found[2]}", text
    )


def _ordinal(found: re.Match[str], locale: Locale) -> str:
    if locale.language == "de":
        return f"{found[1]} {ordinal(found[2], locale, german_form(found[1]))} "
    digits = found[1].replace(",", "")
    if locale.language == "en":
        return ordinal(digits, locale)
    if locale.language == "fr":
        plural = "-plural" if found[4] else ""
        return ordinal(digits, locale, ("feminine" if found[3] else "masculine") + plural)
    if locale.language == "es" and found[3]:
        return ordinal(digits, locale, "masculine-adjective")
    return ordinal(digits, locale, "feminine" if found[2] == "ª" else "masculine")
