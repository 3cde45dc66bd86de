"""What is written otherwise than it is said, in words: numbers, dates, money, units, addresses.

One rule after another, from the most particular; what a rule has read holds no mark that a later
one looks for. Every pattern matches a bounded length, so the work grows with the text and
no faster. Text in languages without a vocabulary stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

from ingress.text.abbreviations import read_abbreviations
from ingress.text.addresses import read_addresses, read_dialled_numbers, read_phone_numbers
from ingress.text.clocks import read_times
from ingress.text.codes import (
    read_bank_accounts,
    read_codes,
    read_formulas,
    read_numbered_names,
    read_versions,
)
from ingress.text.dates import read_dates
from ingress.text.fractions import read_fractions
from ingress.text.inches import read_inches
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
from ingress.text.quantities import read_measures, read_ordinals, read_ranges
from ingress.text.roman import read_roman_numerals
from ingress.text.signs import read_approximations, read_signs
from ingress.text.verses import read_verses
from ingress.text.vocabulary import Locale
from ingress.text.weekdays import read_weekdays

_OTHER_DIGITS = re.compile(r"(?![0-9])\d")
_WIDE_MARKS = re.compile(r"(?<=\d)[．：／－](?=\d)|(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")
"""A wide comma between digits of half width parts two numbers of a list."""
_SQUARED_LETTERS = re.compile(r"[\u3371-\u33df①-⑳]")
"""㎏, ㎞, ㎡, ⑤: one character for what is read as several."""
_LOWERED = re.compile(r"[₀-₉]")
_RAISED = re.compile(r"(?:(?<=\d)|(?<=(?<!\w)[A-Za-z]))(?![²³](?![⁰¹²³⁴-⁹]))⁻?[⁰¹²³⁴-⁹]{1,4}")
"""10⁻³; not a footnote's mark behind a word."""
_ANYTHING_TO_READ = re.compile(
    r"""
    [\d½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅒₀-₉⁰¹²³⁴-⁹]      # figures
    | [\u3371-\u33df①-⑳]                  # units and figures in one character
    | [@\#&=<>+~×÷≤≥≈≠±√∞∫∑§_\\]           # signs
    | [Α-Ωα-ω]                             # Greek letters
    | [IVXLC]{2,9}                         # Roman numerals
    | \w\.\w | (?<!\w)\.[a-zN] | ://       # domains, files, addresses
    | /\w{1,64}/ | [^\W\d_]/[^\W\d_]       # paths, and/or
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(rf"(?P<minus>(?<![\w).,])[-−])?(?P<number>{NUMERAL})")
_SPACED_THOUSANDS = re.compile(rf"{START}(?<![+)])[1-9]\d{{0,2}}(?: \d{{3}}){{1,4}}(?!\d| \d)")
_GROUPING = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3}){1,7}(?![\d,])")
_NO_NOUN = re.compile(r"(?!)()")
_ROMANCE_NOUN = re.compile(r" ([a-zà-ÿ]{3,20})\b")
_NOUNS = {
    **dict.fromkeys(("es", "pt", "it", "fr"), _ROMANCE_NOUN),
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
    "fr": (
        *("tion", "tions", "sion", "sions", "ette", "ettes", "ance", "ances", "ence", "ences"),
        *("ure", "ures", "euse", "euses", "ille", "illes", "aine", "aines", "esse", "esses", "ude"),
        *("ie", "ies", "ière", "ières", "ouche", "heure", "heures", "minute", "minutes"),
        *("seconde", "secondes", "page", "pages", "fois", "année", "années", "personne"),
        *("personnes", "femme", "femmes", "maison", "maisons", "chose", "choses", "idée", "idées"),
        *("table", "tables", "semaine", "semaines", "journée", "journées", "tasse", "tasses"),
        *("nuit", "nuits", "pièce", "pièces", "part", "parts", "porte", "portes"),
    ),
    "de": ("e", "ung", "heit", "keit", "schaft", "ion", "tät", "Frau"),
}


def read_written_forms(text: str, locale: Locale) -> str:
    """The text as it is said in its language. Call it off the event loop."""
    if not locale.is_read:
        return text
    text = read_abbreviations(text, locale)
    if not _ANYTHING_TO_READ.search(text):
        return text
    text = _WIDE_MARKS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = _OTHER_DIGITS.sub(lambda found: str(int(found[0])), text)
    text = _LOWERED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = _RAISED.sub(lambda found: "^" + _plain(found[0]), text)
    text = _SQUARED_LETTERS.sub(_in_plain_letters, text)
    for rule in (
        *(read_verses, read_inches, read_addresses, read_weekdays, read_dates, read_versions),
        *(read_bank_accounts, read_dialled_numbers, read_formulas),
        *(_join_thousands, read_times, read_approximations, read_money, read_phone_numbers),
        *(read_ranges, read_codes, read_fractions, read_ordinals, read_measures),
        *(read_numbered_names, read_roman_numerals, read_signs, _read_numbers),
    ):
        text = rule(text, locale)
    return text


def _plain(raised: str) -> str:
    return unicodedata.normalize("NFKC", raised).replace("\u2212", "-")


def _in_plain_letters(found: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFKC", found[0])
    return f" {plain} " if plain.isdecimal() else plain


def _join_thousands(text: str, locale: Locale) -> str:
    """10 000 with an ordinary space where that is how thousands are written."""
    if locale.language == "en" or locale.keeps_digits:
        return text
    return _SPACED_THOUSANDS.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


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
    following = found.string[found.end() : found.end() + 24]
    gender = _gender(following, locale, is_one=amount.value == 1)
    if written.isdecimal():
        return _whole(written, gender, locale)
    return cardinal(amount.whole, locale, gender=gender)


def _whole(digits: str, gender: str, locale: Locale) -> str:
    return year(digits, locale) if len(digits) == 4 else cardinal(digits, locale, gender=gender)


def _gender(following: str, locale: Locale, *, is_one: bool) -> str:
    """Of the noun that is counted, by its ending; "" where none follows or it does not matter."""
    found = _NOUNS.get(locale.language, _NO_NOUN).match(following)
    if found is None or found[1] in _NO_NOUNS:
        return ""
    if locale.language == "de" and not is_one:
        return "masculine"
    is_feminine = found[1].endswith(_FEMININE_ENDS[locale.language]) and found[1] not in _MASCULINE
    return "feminine" if is_feminine else "masculine"
