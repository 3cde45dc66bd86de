"""Units of measure by their signs, and their names, most of which are CLDR's."""

from __future__ import annotations

import re

from ingress.text.numbers import GAP, Amount, amount_words
from ingress.text.vocabulary import Locale

UNITS = {
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
    **{"m/s²": "acceleration-meter-per-square-second", "kJ": "energy-kilojoule"},
    **{"Mbit": "digital-megabit", "Gbit": "digital-gigabit", "kbit": "digital-kilobit"},
    **{"tsp": "volume-teaspoon", "tbsp": "volume-tablespoon", "ft²": "area-square-foot"},
    **{"in²": "area-square-inch", "mi²": "area-square-mile", "ft³": "volume-cubic-foot"},
    **{"in³": "volume-cubic-inch", "gal": "volume-gallon", "qt": "volume-quart"},
    **{"mins": "duration-minute", "secs": "duration-second", "dL": "volume-deciliter"},
    **{"mcg": "mass-microgram", "mmHg": "pressure-millimeter-ofhg", "lm": "light-lumen"},
    **{"psi": "pressure-pound-force-per-square-inch", "Ω": "electric-ohm"},
    **{"fl oz": "volume-fluid-ounce", "fl. oz": "volume-fluid-ounce", "‰": "concentr-permille"},
}
_MISSING_UNITS = {
    "ja": {
        **{"angle-degree": "度", "duration-hour": "時間", "duration-minute": "分"},
        "duration-second": "秒",
    },
    "ko": {
        **{"duration-hour": "시간", "duration-minute": "분", "duration-second": "초"},
        "concentr-permille": "퍼밀",
    },
    "zh": {
        **{"length-kilometer": "公里", "length-meter": "米", "length-centimeter": "厘米"},
        **{"length-millimeter": "毫米", "length-micrometer": "微米", "length-nanometer": "纳米"},
        **{"length-mile": "英里", "length-foot": "英尺", "length-yard": "码"},
        **{"area-square-kilometer": "平方公里", "area-square-meter": "平方米"},
        **{"area-square-centimeter": "平方厘米", "area-hectare": "公顷"},
        **{"area-square-foot": "平方英尺", "volume-cubic-meter": "立方米"},
        **{
            "volume-cubic-centimeter": "立方厘米",
            "volume-liter": "升",
            "volume-milliliter": "毫升",
        },
        **{"volume-gallon": "加仑", "volume-quart": "夸脱", "area-square-inch": "平方英寸"},
        **{"area-square-mile": "平方英里", "volume-cubic-foot": "立方英尺"},
        **{"volume-cubic-inch": "立方英寸"},
        **{"volume-centiliter": "厘升", "volume-deciliter": "分升", "volume-teaspoon": "茶匙"},
        **{"volume-tablespoon": "汤匙", "duration-hour": "小时", "duration-minute": "分钟"},
        **{
            "concentr-permille": "‰",
            "duration-second": "秒",
            "duration-millisecond": "毫秒",
            "duration-microsecond": "微秒",
        },
        **{"duration-nanosecond": "纳秒", "energy-kilocalorie": "千卡"},
        **{"energy-kilowatt-hour": "千瓦时", "power-kilowatt": "千瓦", "power-megawatt": "兆瓦"},
    },
    "hi": {
        **{"length-mile": " मील", "mass-ounce": " औंस", "mass-pound": " पाउंड"},
        **{"pressure-bar": " बार", "volume-teaspoon": " चम्मच", "volume-gallon": " गैलन"},
        **{"volume-quart": " क्वार्ट", "area-square-mile": " वर्ग मील"},
    },
    "it": {"pressure-bar": " bar"},
}
"""What CLDR's tables have no long name for, with the space before it."""
_ONE_LETTER = frozenset("hst")
"""Only with a space, or 90s and 5h of a plan would be times and 5t a tonne; 9.58s is none."""
_PER = (
    "s",
    "min",
    "h",
    "g",
    "kg",
    "l",
    "L",
    "dl",
    "dL",
    "ml",
    "mL",
    "m²",
    "m2",
    "m³",
    "m3",
    "km",
    "kWh",
)
_FEMININE = {
    "es": "libra|milla|tonelada|onza|yarda|hora|caloría|hectárea|kilocaloría|pulgada",
    "pt": "libra|milha|tonelada|onça|jarda|hora|caloria|polegada",
    "fr": "livre|tonne|once|heure|minute|seconde|milliseconde|kilocalorie",
    "it": "libbra|libbre|tonnellata|oncia|once|iarda|ora|ore|kilocaloria",
    "de": "Tonne|Meile|Unze|Stunde|Minute|Sekunde|Millisekunde|Kilowattstunde|Kilokalorie",
}
UNIT = "|".join(
    rf"(?:(?<={GAP})|(?<=\d\.\d)|(?<=\d\.\d\d)){name}" if name in _ONE_LETTER else re.escape(name)
    for name in sorted(UNITS, key=len, reverse=True)
)

PER = "|".join(map(re.escape, sorted(_PER, key=len, reverse=True)))
"""Units that others are counted by: MB/s, kg/m³."""
_CODE = re.compile(r"[a-z]-[a-z]")
"""Of CLDR, where it has no name."""


def unit_words(amount: Amount, unit: str, locale: Locale) -> str:
    """An amount of one of CLDR's units, in the plural that the language asks for."""
    from babel.numbers import format_decimal
    from babel.units import format_unit

    if missing := _MISSING_UNITS.get(locale.language, {}).get(unit):
        return amount_words(amount, locale) + missing

    written = format_unit(amount.value, unit, "long", locale=locale.language)
    digits = format_decimal(amount.value, locale=locale.language)
    is_feminine = re.search(rf"\b(?:{_FEMININE.get(locale.language, '(?!)')})", written)
    gender = "feminine" if is_feminine else "masculine"
    words = written.replace(digits, amount_words(amount, locale, gender=gender), 1)
    return words.replace("\u00a0", " ").replace("\u202f", " ")


def rate_words(amount: Amount, unit: str, per: str, locale: Locale) -> str | None:
    """An amount of a unit by another: 5 megabytes per second. None where CLDR has no name."""
    from babel.numbers import format_decimal
    from babel.units import format_compound_unit

    language = locale.language
    written = format_compound_unit(
        amount.value, unit, denominator_unit=per, length="long", locale=language
    )
    digits = format_decimal(amount.value, locale=language)
    if not written or digits not in written or "/" in written or _CODE.search(written):
        return None
    words = written.replace(digits, amount_words(amount, locale), 1)
    return words.replace("\u00a0", " ").replace("\u202f", " ")


def unit_name(unit: str, locale: Locale, *, is_one: bool) -> str:
    """kilogram, kilograms."""
    from babel.units import format_unit

    if missing := _MISSING_UNITS.get(locale.language, {}).get(unit):
        return missing.strip()
    number = 1 if is_one else 2
    written = format_unit(number, unit, "long", locale=locale.language)
    return " ".join(written.replace(str(number), "").split())
