"""Numbers with what they count: units, percent, ranks, fractions, ranges, arithmetic."""

from __future__ import annotations

import re

from ingress.text.dates import german_form
from ingress.text.numbers import (
    END,
    NUMERAL,
    START,
    Amount,
    amount_words,
    cardinal,
    ordinal,
    read_numeral,
)
from ingress.text.vocabulary import Locale

_GAP = r"[ \u00a0\u202f]"
_UNITS = {
    **{"km": "length-kilometer", "m": "length-meter", "cm": "length-centimeter"},
    **{"mm": "length-millimeter", "µm": "length-micrometer", "μm": "length-micrometer"},
    **{"nm": "length-nanometer", "mi": "length-mile", "ft": "length-foot", "yd": "length-yard"},
    **{"km²": "area-square-kilometer", "m²": "area-square-meter", "cm²": "area-square-centimeter"},
    **{"km2": "area-square-kilometer", "m2": "area-square-meter", "ha": "area-hectare"},
    **{"m³": "volume-cubic-meter", "m3": "volume-cubic-meter", "cm³": "volume-cubic-centimeter"},
    **{"l": "volume-liter", "L": "volume-liter", "ml": "volume-milliliter"},
    **{"mL": "volume-milliliter", "cl": "volume-centiliter", "dl": "volume-deciliter"},
    **{"kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram", "µg": "mass-microgram"},
    **{"t": "mass-tonne", "lb": "mass-pound", "lbs": "mass-pound", "oz": "mass-ounce"},
    **{"km/h": "speed-kilometer-per-hour", "kmh": "speed-kilometer-per-hour"},
    **{"kph": "speed-kilometer-per-hour", "m/s": "speed-meter-per-second"},
    **{"mph": "speed-mile-per-hour", "°C": "temperature-celsius", "℃": "temperature-celsius"},
    **{"°F": "temperature-fahrenheit", "℉": "temperature-fahrenheit", "°": "angle-degree"},
    **{"h": "duration-hour", "hr": "duration-hour", "hrs": "duration-hour"},
    **{"min": "duration-minute", "s": "duration-second", "sec": "duration-second"},
    **{"ms": "duration-millisecond", "µs": "duration-microsecond", "ns": "duration-nanosecond"},
    **{"kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte"},
    **{"GB": "digital-gigabyte", "TB": "digital-terabyte", "Hz": "frequency-hertz"},
    **{"kHz": "frequency-kilohertz", "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz"},
    **{"W": "power-watt", "kW": "power-kilowatt", "MW": "power-megawatt", "V": "electric-volt"},
    **{"kWh": "energy-kilowatt-hour", "kcal": "energy-kilocalorie", "mA": "electric-milliampere"},
    **{"hPa": "pressure-hectopascal", "bar": "pressure-bar"},
}
_ONE_LETTER = frozenset("hst")
"""Only with a space, or 90s and 5h of a plan would be times and 5t a tonne."""
_FEMININE = {
    "es": "libra|milla|tonelada|onza|yarda|hora|caloría|hectárea|kilocaloría|pulgada",
    "pt": "libra|milha|tonelada|onça|jarda|hora|caloria|polegada",
    "fr": "livre|tonne|once|heure|minute|seconde|milliseconde|kilocalorie",
    "it": "libbra|libbre|tonnellata|oncia|once|iarda|ora|ore|kilocaloria",
    "de": "Tonne|Meile|Unze|Stunde|Minute|Sekunde|Millisekunde|Kilowattstunde|Kilokalorie",
}
_UNIT = "|".join(
    rf"(?<={_GAP}){name}" if name in _ONE_LETTER else re.escape(name)
    for name in sorted(_UNITS, key=len, reverse=True)
)
_MEASURE = re.compile(
    rf"{START}(?P<minus>[-−+±])?(?P<number>{NUMERAL}){_GAP}?(?P<unit>{_UNIT}){END}(?![/²³°])"
)
_PERCENT = re.compile(rf"{START}(?P<minus>[-−+±])?(?P<number>{NUMERAL}){_GAP}?[%％]{END}")
_DECADE = re.compile(r"(?<![\w.,'’])['’]?((?:1[1-9]|20)?[1-9]0)s\b")

_ORDINALS = {
    "en": re.compile(r"(?<![\w.,])(\d{1,9}(?:,\d{3}){0,3})(?:st|nd|rd|th)\b"),
    "es": re.compile(r"(?<![\w.,])(\d{1,4})(?:\.?([ºª])|(\.?er)\b)"),
    "fr": re.compile(r"(?<![\w.,])(\d{1,9})(?:(er|e|è?me|i?ème|nd)|(ère|re|nde))(s?)\b"),
    "it": re.compile(r"(?<![\w.,])(\d{1,9})\.?([ºª])"),
    "pt": re.compile(r"(?<![\w.,])(\d{1,9})\.?([ºª])"),
    "de": re.compile(
        r"\b(der|die|das|dem|den|des|am|im|vom|zum|zur|beim|ihr|sein|jeder|jede|jedes) "
        r"(\d{1,4})\. ?(?=[a-zA-ZäöüÄÖÜ])"
    ),
}
_VULGAR = {
    **{"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5)},
    **{"⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8)},
    **{"⅞": (7, 8), "⅒": (1, 10)},
}
_FRACTION = re.compile(
    rf"{START}(?<!/)(?:(\d{{1,9}}){_GAP}?([{''.join(_VULGAR)}])"
    rf"|(?:(\d{{1,3}}) )?([1-9])[/⁄]([2-9]|10)|([{''.join(_VULGAR)}])){END}(?![/⁄]|[.,]\d)"
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
_EAST_ASIAN = {"ja": "{1}分の{0}", "zh": "{1}分之{0}", "ko": "{1}분의 {0}"}

_RANGE = re.compile(r"(?<=[\d%°])[ \u00a0]?[–—〜～][ \u00a0]?(?=\d)")
_HYPHEN_RANGE = re.compile(rf"{START}(?<![:/$€£¥-])(\d{{1,4}})-(\d{{1,4}})(?![:/-]|\d|[.,]\d)")
_ARITHMETIC = re.compile(r"(?<=[\w)%]) ([+×÷=<>*/−-]|<=|>=|≤|≥|≈|±) (?=[-−]?[\w(√])")
_TIGHT = re.compile(r"(?<=\d)([×+=÷]|x(?=\d))(?=[\d(])")
_LEFT_OVER = re.compile(r"(?<=\d)[:/](?=\d)")
_SPACED_X = re.compile(r"(?<=\d) x (?=\d)")
_APPROXIMATE = re.compile(r"(?<![\w~])[~≈] ?(?=[$€£]?\d)")
_NUMBER_SIGN = re.compile(r"(?<![\w&#])(?:#|№|[Nn]º|N°|n°|Nr\.|No\.) ?(?=\d)")
_AMPERSAND = re.compile(r"(?<=\w) ?& ?(?=\w)")


def read_ranges(text: str, locale: Locale) -> str:
    """3–5 and 3-5 as "3 to 5"; the numbers are read later."""
    joint = locale.words.to if locale.keeps_digits else f" {locale.words.to} "
    text = _RANGE.sub(joint, text)
    return _HYPHEN_RANGE.sub(
        lambda found: f"{found[1]}{joint}{found[2]}" if _ascends(found) else found[0], text
    )


def _ascends(found: re.Match[str]) -> bool:
    """3-5, and 1990-95 where the century is not repeated; 2-1 is a result."""
    low, high = found[1], found[2]
    is_short = len(low) == 4 and len(high) == 2
    return int(low[2:] if is_short else low) < int(high)


def read_measures(text: str, locale: Locale) -> str:
    """80 km/h, 20 °C, 50 %, the 1980s."""
    if locale.language == "en":
        text = _DECADE.sub(_decade, text)
    text = _PERCENT.sub(lambda found: _percent(found, locale), text)
    return _MEASURE.sub(lambda found: _measure(found, locale), text)


def _decade(found: re.Match[str]) -> str:
    digits = found[1]
    tens = cardinal(digits[-2:], Locale("en")).removesuffix("y") + "ies"
    return f"{cardinal(digits[:2], Locale('en'))} {tens}" if len(digits) == 4 else tens


def _percent(found: re.Match[str], locale: Locale) -> str:
    amount = read_numeral(found["number"], locale)
    if amount is None:
        return found[0]
    return _sign(found, locale) + locale.words.percent.format(amount_words(amount, locale))


def _measure(found: re.Match[str], locale: Locale) -> str:
    amount = read_numeral(found["number"], locale)
    if amount is None:
        return found[0]
    return _sign(found, locale) + unit_words(amount, _UNITS[found["unit"]], locale)


def _sign(found: re.Match[str], locale: Locale) -> str:
    words = locale.words
    sign = {"-": words.minus, "−": words.minus, "+": words.plus, "±": words.plus_minus}
    if not found["minus"]:
        return ""
    return sign[found["minus"]] + ("" if locale.keeps_digits else " ")


def unit_words(amount: Amount, unit: str, locale: Locale) -> str:
    """An amount of one of CLDR's units, in the plural that the language asks for."""
    from babel.numbers import format_decimal
    from babel.units import format_unit

    written = format_unit(amount.value, unit, "long", locale=locale.language)
    digits = format_decimal(amount.value, locale=locale.language)
    is_feminine = re.search(rf"\b(?:{_FEMININE.get(locale.language, '(?!)')})", written)
    gender = "feminine" if is_feminine else "masculine"
    words = written.replace(digits, amount_words(amount, locale, gender=gender), 1)
    return words.replace("\u00a0", " ").replace("\u202f", " ")


def read_ordinals(text: str, locale: Locale) -> str:
    """21st, 3.º, 2e, 1ª, and German's 3. after an article."""
    pattern = _ORDINALS.get(locale.language)
    return pattern.sub(lambda found: _ordinal(found, locale), text) if pattern else text


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


def read_fractions(text: str, locale: Locale) -> str:
    """½, 3 ½, 3/4."""
    return _FRACTION.sub(lambda found: _fraction(found, locale), text)


def _fraction(found: re.Match[str], locale: Locale) -> str:
    whole = found[1] or found[3]
    if sign := found[2] or found[6]:
        top, bottom = _VULGAR[sign]
    else:
        top, bottom = int(found[4]), int(found[5])
    return fraction_words(top, bottom, locale, whole=whole) or found[0]


def fraction_words(top: int, bottom: int, locale: Locale, whole: str | None = None) -> str | None:
    """A common fraction, after a whole number where there is one; None where it is none."""
    if not (0 < top < bottom <= 10) or locale.language == "hi":
        return None
    if pattern := _EAST_ASIAN.get(locale.language):
        return (
            f"{whole}又" if whole and locale.language == "zh" else whole or ""
        ) + pattern.format(top, bottom)
    one, many = _PARTS.get(locale.language, {}).get(bottom) or _ordinal_parts(bottom, locale)
    number = cardinal(str(top), locale, gender="masculine")
    part = one if top == 1 else many
    if whole is None:
        return part if (locale.language, bottom) == ("pt", 2) else f"{number} {part}"
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


def read_signs(text: str, locale: Locale) -> str:
    """2 + 2 = 4, 1920x1080, ~50, #1, R&D."""
    words = locale.words
    signs = {
        **{"+": words.plus, "×": words.times, "*": words.times, "÷": words.divided},
        **{"/": words.divided, "=": words.equals, "<": words.less, ">": words.greater},
        **{"−": words.minus, "≈": words.about, "±": words.plus_minus, "x": words.by},
        **{"<=": f"{words.less} {words.equals}", ">=": f"{words.greater} {words.equals}"},
        **{"≤": f"{words.less} {words.equals}", "≥": f"{words.greater} {words.equals}"},
    }
    text = _ARITHMETIC.sub(lambda found: _arithmetic(found, signs, words.minus), text)
    text = _SPACED_X.sub(f" {words.by} ", text)
    text = _TIGHT.sub(lambda found: f" {signs[found[1]]} ", text)
    text = _LEFT_OVER.sub(" ", text)  # 16:9, 24/7
    text = _APPROXIMATE.sub(f"{words.about} ", text)
    text = _NUMBER_SIGN.sub(f"{words.number} ", text)
    return _AMPERSAND.sub(f" {words.joined} ", text)


def _arithmetic(found: re.Match[str], signs: dict[str, str], minus: str) -> str:
    sign = found[1]
    if sign in "-/*<>" and not _is_between_numbers(found):
        return found[0]
    return f" {minus if sign == '-' else signs[sign]} "


def _is_between_numbers(found: re.Match[str]) -> bool:
    """A dash, a stroke or an arrow between words is no arithmetic."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:2]
    return before.isdecimal() and after.lstrip("-−")[:1].isdecimal()
