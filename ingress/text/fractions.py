"""Common fractions, read aloud: ½, 3 ½, 3/4, ½ kg."""

from __future__ import annotations

import re

from ingress.text.numbers import END, GAP, START, cardinal, ordinal
from ingress.text.units import UNIT, UNITS, unit_name
from ingress.text.vocabulary import Locale

_VULGAR = {
    **{"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5)},
    **{"⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8)},
    **{"⅞": (7, 8), "⅒": (1, 10)},
}
_FRACTION = re.compile(
    rf"{START}(?<!/)(?:(\d{{1,9}}){GAP}?([{''.join(_VULGAR)}])"
    rf"|(?:(\d{{1,3}}) )?([1-9])[/⁄]([2-9]|10)|([{''.join(_VULGAR)}])){END}(?![/⁄]|[.,]\d)"
    rf"(?:{GAP}(?P<unit>{UNIT}){END}(?![/²³°]))?"
)
_PARTS = {
    "en": {2: ("half", "halves"), 4: ("quarter", "quarters")},
    "es": {2: ("medio", "medios"), 3: ("tercio", "tercios")},
    "fr": {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")},
    "de": {
        n: (word, word)
        for n, word in zip(
            range(3, 11),
            (
                "Drittel",
                "Viertel",
                "Fünftel",
                "Sechstel",
                "Siebtel",
                "Achtel",
                "Neuntel",
                "Zehntel",
            ),
            strict=True,
        )
    }
    | {2: ("halb", "halbe")},
    "it": {2: ("mezzo", "mezzi")},
    "pt": {2: ("meio", "meios"), 3: ("terço", "terços")},
}
_RATING = re.compile(rf"{START}(?<!/)(\d{{1,3}}[.,]\d{{1,2}})/(5|10|20|100){END}(?![/.,]\d|/)")
_OUT_OF = {"en": "out of", "es": "de", "fr": "sur", "de": "von", "it": "su", "pt": "de"}
_FEMININE_HALVES = {"es": "media", "it": "mezza", "pt": "meia"}
_FEMININE_NOUN = re.compile(r" [a-zà-ÿ]{2,20}as?\b")
_EAST_ASIAN = {"ja": "{1}分の{0}", "zh": "{1}分之{0}", "ko": "{1}분의 {0}"}


def read_fractions(text: str, locale: Locale) -> str:
    """½, 3 ½, 3/4; and 9.5/10, which is a rating."""
    if out_of := _OUT_OF.get(locale.language):
        text = _RATING.sub(rf"\1 {out_of} \2", text)
    return _FRACTION.sub(lambda found: _fraction(found, locale), text)


def _fraction(found: re.Match[str], locale: Locale) -> str:
    whole = found[1] or found[3]
    if sign := found[2] or found[6]:
        top, bottom = _VULGAR[sign]
    else:
        top, bottom = int(found[4]), int(found[5])
    unit = UNITS.get(found["unit"] or "", "")
    has_noun = bool(unit) or found.string[found.end() : found.end() + 2].lstrip(" ").isalpha()
    words = fraction_words(top, bottom, locale, whole=whole, is_of_noun=has_noun)
    if words == _PARTS.get(locale.language, {}).get(2, ("",))[0] and whole is None:
        is_feminine = _FEMININE_NOUN.match(found.string, found.end())
        words = _FEMININE_HALVES.get(locale.language, words) if is_feminine else words
    if words is None:
        return found[0]
    gap = "" if locale.keeps_digits else " "
    return words + (gap + unit_name(unit, locale, is_one=whole is None) if unit else "")


_HINDI_HALVES = {None: "आधा", "1": "डेढ़", "2": "ढाई"}
"""Half, one and a half, two and a half have names of their own."""


def _hindi(top: int, bottom: int, whole: str | None, locale: Locale) -> str:
    number = cardinal(whole, locale) if whole else ""
    if (top, bottom) == (1, 2):
        return _HINDI_HALVES.get(whole) or f"साढ़े {number}"
    parts = "चौथाई" if bottom == 4 else f"बटा {cardinal(str(bottom), locale)}"
    part = f"{cardinal(str(top), locale)} {parts}"
    return f"{number} सही {part}" if whole else part


def fraction_words(
    top: int,
    bottom: int,
    locale: Locale,
    whole: str | None = None,
    *,
    is_of_noun: bool = False,
) -> str | None:
    """A common fraction, after a whole number where there is one; None where it is none."""
    if not 0 < top < bottom <= 10:
        return None
    if locale.language == "hi":
        return _hindi(top, bottom, whole, locale)
    if pattern := _EAST_ASIAN.get(locale.language):
        return (
            f"{whole}又" if whole and locale.language == "zh" else whole or ""
        ) + pattern.format(top, bottom)
    one, many = _PARTS.get(locale.language, {}).get(bottom) or _ordinal_parts(bottom, locale)
    number = cardinal(str(top), locale, gender="masculine")
    part = one if top == 1 else many
    if whole is None:
        is_bare = bottom == 2 and top == 1 and locale.language in ("pt", "es", "it")
        is_counted = is_bare and (locale.language == "pt" or is_of_noun)
        return part if is_counted else f"{number} {part}"
    article = "a" if locale.language == "en" else number
    number = article if top == 1 else number
    if bottom == 2 and locale.language in ("es", "fr", "it", "pt"):
        return f"{cardinal(whole, locale)} {locale.words.joined} {part}"
    return f"{cardinal(whole, locale)} {locale.words.joined} {number} {part}"


def _ordinal_parts(bottom: int, locale: Locale) -> tuple[str, str]:
    if locale.language == "it":
        return ordinal(str(bottom), locale), ordinal(str(bottom), locale, "masculine-plural")
    word = ordinal(str(bottom), locale)
    return word, f"{word}s"
