"""English numbers and abbreviations spelled out, by the rules the English voices were trained on.

Every pattern is anchored at the edge of a run of digits, so a page of digits costs linear time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# fmt: off
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)
_TENS = (
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)
_SCALES = (
    "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion",
    "septillion", "octillion", "nonillion", "decillion",
)
# fmt: on
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_LARGEST_NAMED_DIGITS = 3 * (len(_SCALES) + 1)

_THOUSANDS_COMMAS = re.compile(r"[0-9][0-9,]+[0-9]")
_DECIMAL = re.compile(r"(?<![0-9])([0-9]+)\.(?=[0-9])([0-9]+)")
_POUNDS = re.compile(r"£([0-9,]*[0-9])")
_DOLLARS = re.compile(r"\$([0-9.,]*[0-9])")
_ORDINAL = re.compile(r"(?<![0-9])([0-9]+)(?:st|nd|rd|th)")
_CARDINAL = re.compile(r"[0-9]+")
_SIGNED_CARDINAL = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class Currency:
    """The words for whole units and hundredths, each singular and plural."""

    unit: str
    units: str
    cent: str
    cents: str


DOLLAR = Currency("dollar", "dollars", "cent", "cents")


def expand_numbers(text: str) -> str:
    """Spell out every number by the rules that Harmony Speech and OpenVoice share."""
    text = drop_thousands_commas(text)
    text = _POUNDS.sub(r"\1 pounds", text)
    text = _DOLLARS.sub(lambda match: amount_of_money(match[1], DOLLAR, joint=", "), text)
    text = expand_decimal_points(text)
    text = expand_ordinals(text)
    return expand_cardinals(text)


TITLES = {
    "mrs": "misess",  # as the training texts spelled it
    "mr": "mister",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "maj": "major",
    "gen": "general",
    "drs": "doctors",
    "rev": "reverend",
    "lt": "lieutenant",
    "hon": "honorable",
    "sgt": "sergeant",
    "capt": "captain",
    "esq": "esquire",
    "ltd": "limited",
    "col": "colonel",
    "ft": "fort",
}
"""Abbreviations that all the English voices were trained to hear spelled out."""


def expand_abbreviations(text: str, table: Mapping[str, str]) -> str:
    """Replace each key of `table` that stands as a word before a full stop; any case matches."""
    names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))
    pattern = re.compile(rf"\b({names})\.", re.IGNORECASE)
    return pattern.sub(lambda match: table[match[1].lower()], text)


def drop_thousands_commas(text: str) -> str:
    """Join digits that commas group: "1,200" -> "1200"."""
    return _THOUSANDS_COMMAS.sub(lambda match: match[0].replace(",", ""), text)


def expand_decimal_points(text: str) -> str:
    """Say the point of a decimal: "12.5" -> "12 point 5"."""
    return _DECIMAL.sub(r"\1 point \2", text)


def expand_ordinals(text: str) -> str:
    """Spell out ordinals: "21st" -> "twenty-first"."""
    return _ORDINAL.sub(lambda match: ordinal_words(match[1]), text)


def expand_cardinals(text: str, *, signed: bool = False) -> str:
    """Spell out whole numbers; 1001..2999 as years. `signed` reads "-5" as "minus five"."""
    pattern = _SIGNED_CARDINAL if signed else _CARDINAL
    return pattern.sub(lambda match: _signed_words(match[0]), text)


def amount_of_money(amount: str, currency: Currency, *, joint: str) -> str:
    """An amount with its units: "3.50" -> "3 dollars, 50 cents", digits left for later steps."""
    parts = amount.replace(",", "").split(".")
    if len(parts) > 2:  # "1.2.3" is no amount: only say what it is counted in
        return f"{amount} {currency.units}"
    whole = parts[0].lstrip("0")
    # "1.5" is fifty hundredths, not five.
    hundredths = parts[1].ljust(2, "0").lstrip("0") if len(parts) == 2 else ""
    words = []
    if whole:
        words.append(f"{whole} {currency.unit if whole == '1' else currency.units}")
    if hundredths:
        words.append(f"{hundredths} {currency.cent if hundredths == '1' else currency.cents}")
    return joint.join(words) or f"zero {currency.units}"


def number_words(digits: str) -> str:
    """Words for a run of digits, 1001..2999 as a year: "1999" -> "nineteen ninety-nine"."""
    digits = digits.lstrip("0") or "0"
    if len(digits) == 4 and "1000" < digits < "3000":
        return _year_words(int(digits))
    return cardinal_words(digits)


def cardinal_words(digits: str, *, conjunction: str = " ") -> str:
    """Words for a whole number: "12345" -> "twelve thousand, three hundred forty-five".

    `conjunction` stands before the tens of every group of three digits. A number beyond the
    decillions is read digit by digit.
    """
    digits = digits.lstrip("0") or "0"
    if len(digits) > _LARGEST_NAMED_DIGITS:
        return " ".join(_ONES[int(digit)] for digit in digits)
    thousands, last = divmod(int(digits), 1000)
    groups = _scale_groups(thousands, conjunction)
    if last >= 100:
        return ", ".join([*groups, _below_thousand(last, conjunction)])
    tens = [_below_hundred(last)] if last or not groups else []
    return conjunction.join([", ".join(groups), *tens] if groups else tens)


def ordinal_words(digits: str) -> str:
    """Words for a rank: "21" -> "twenty-first", "101" -> "one hundred and first"."""
    words = cardinal_words(digits, conjunction=" and ")
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    return words[:cut] + _ordinal_of(words[cut:])


def _ordinal_of(word: str) -> str:
    if word in _IRREGULAR_ORDINALS:
        return _IRREGULAR_ORDINALS[word]
    return f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th"


def _signed_words(number: str) -> str:
    if number.startswith("-"):
        return f"minus {cardinal_words(number[1:])}"
    return number_words(number)


def _year_words(year: int) -> str:
    """Words for 1001..2999 the way a year is said: "ten oh one", "two thousand five"."""
    century, rest = divmod(year, 100)
    if 2000 <= year < 2010:
        return "two thousand" + (f" {_ONES[rest]}" if rest else "")
    if rest == 0:
        return f"{_below_hundred(century)} hundred"
    return f"{_below_hundred(century)} {f'oh {_ONES[rest]}' if rest < 10 else _below_hundred(rest)}"


def _scale_groups(thousands: int, conjunction: str) -> list[str]:
    """The groups above the last three digits, largest first: ["one million", "two thousand"]."""
    groups: list[str] = []
    for scale in _SCALES:
        thousands, group = divmod(thousands, 1000)
        if group:
            groups.insert(0, f"{_below_thousand(group, conjunction)} {scale}")
    return groups


def _below_thousand(number: int, conjunction: str) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    return conjunction.join([*words, _below_hundred(rest)] if rest else words)


def _below_hundred(number: int) -> str:
    if number < len(_ONES):
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
