"""Sums of money, read aloud: $3.50, €1,200, 12,50 €, £5m, USD 20, R$ 10–15."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ingress.text.numbers import (
    END,
    GAP,
    NUMERAL,
    START,
    Amount,
    amount_words,
    cardinal,
    read_numeral,
)
from ingress.text.vocabulary import Locale, Vocabulary

_SYMBOLS = {
    **{"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "￥": "JPY", "₹": "INR", "₩": "KRW"},
    **{"₽": "RUB", "₺": "TRY", "₴": "UAH", "₫": "VND", "₪": "ILS", "₱": "PHP", "₦": "NGN"},
    **{"฿": "THB", "zł": "PLN", "US$": "US$", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "R$": "BRL"},
    **{
        "Rs.": "INR",
        "Rs": "INR",
        "CA$": "CAD",
        "HK$": "HKD",
        "NT$": "TWD",
        "S$": "SGD",
        "NZ$": "NZD",
        "MX$": "MXN",
    },
}
_CODES = (
    *("USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "KRW", "BRL", "MXN", "CAD", "AUD", "NZD"),
    *("SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RUB", "ZAR", "SGD", "HKD", "TWD", "THB"),
)
_SCALE_LETTERS = {
    **{
        "k": 3,
        "m": 6,
        "mn": 6,
        "mm": 6,
        "mio": 6,
        "b": 9,
        "bn": 9,
        "mrd": 9,
        "md": 9,
        "t": 12,
        "tn": 12,
    },
    **{"mln": 6, "mi": 6, "mld": 9, "bi": 9},
}
_SCALE_WORDS = (
    "thousand|million|billion|trillion|mil|millón|millones|billones|mille|millions?|milliards?"
    "|tausend|Million(?:en)?|Milliarden?|mila|milion[ei]|miliard[oi]|milhão|milhões|bilhão|bilhões"
    "|lakh|crore|हज़ार|लाख|करोड़|万|億|亿|만|억"
)
_SIGN = "|".join(sorted(map(re.escape, [*_SYMBOLS, *_CODES]), key=len, reverse=True))
_NO_CENTS = re.compile(rf"(?<=\d),(?:--?|—|–)(?={GAP}?(?:€|EUR|CHF|Euro|Franken))")
"""5,- €"""
_PER_UNIT = r"(?:/(?P<unit>[^\W\d_]{1,12})(?!\w)(?:(?<=/mo)\.|(?<=/yr)\.)?)?"
_SHORT_TIMES = {"mo": "month", "yr": "year", "hr": "hour", "wk": "week", "h": "hour", "y": "year"}
_SCALE = (
    rf"(?:{GAP}?(?P<letters>(?i:k|mn|mm|mio|mln|mld|mi|bi|md|m|bn|b|mrd|tn|t)){END}(?:(?<=[od])\.)?"
    rf"|{GAP}?(?P<scale>{_SCALE_WORDS})(?![a-zà-ÿ]))?"
)
_RANGE = rf"(?:{GAP}?[-–—]{GAP}?%s(?P<high>{NUMERAL}))?"
_BEFORE = re.compile(
    rf"(?<![A-Za-z\d$€£])(?<![A-Z]/)(?P<minus>[-−])?(?P<sign>{_SIGN}){GAP}?(?P<low>{NUMERAL})"
    rf"{_RANGE % '(?:(?P=sign))?'}{_SCALE}(?!\d){_PER_UNIT}"
)
_AFTER = re.compile(
    rf"{START}(?P<minus>[-−])?(?P<low>{NUMERAL}){_RANGE % ''}{_SCALE}{GAP}?"
    rf"(?P<sign>{_SIGN}|¢){END}{_PER_UNIT}"
)
_CENT_DIGITS = 2
_COMMA_CENTS = re.compile(r"\d{1,9},\d\d")


@dataclass(frozen=True, slots=True)
class Currency:
    one: str
    many: str
    cent: str = ""
    cents: str = ""
    gender: str = "masculine"


_SHORT: dict[str, dict[str, Currency]] = {
    "en": {
        "USD": Currency("dollar", "dollars", "cent", "cents"),
        "EUR": Currency("euro", "euros", "cent", "cents"),
        "GBP": Currency("pound", "pounds", "penny", "pence"),
        "JPY": Currency("yen", "yen"),
        "CNY": Currency("yuan", "yuan"),
        "INR": Currency("rupee", "rupees", "paisa", "paise"),
        "KRW": Currency("won", "won"),
    },
    "es": {
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
        "GBP": Currency("libra", "libras", "penique", "peniques", "feminine"),
    },
    "fr": {
        "USD": Currency("dollar", "dollars", "cent", "cents"),
        "EUR": Currency("euro", "euros", "centime", "centimes"),
        "GBP": Currency("livre", "livres", "penny", "pence", "feminine"),
    },
    "de": {
        "USD": Currency("Dollar", "Dollar", "Cent", "Cent"),
        "EUR": Currency("Euro", "Euro", "Cent", "Cent"),
        "GBP": Currency("Pfund", "Pfund", "Penny", "Pence"),
        "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
    },
    "it": {
        "USD": Currency("dollaro", "dollari", "centesimo", "centesimi"),
        "EUR": Currency("euro", "euro", "centesimo", "centesimi"),
        "GBP": Currency("sterlina", "sterline", "penny", "pence", "feminine"),
    },
    "pt": {
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "cêntimo", "cêntimos"),
        "GBP": Currency("libra", "libras", "penny", "pence", "feminine"),
        "BRL": Currency("real", "reais", "centavo", "centavos"),
    },
    "hi": {
        "USD": Currency("डॉलर", "डॉलर", "सेंट", "सेंट"),
        "INR": Currency("रुपया", "रुपये", "पैसा", "पैसे"),
    },
    "ja": {"USD": Currency("ドル", "ドル"), "GBP": Currency("ポンド", "ポンド")},
    "zh": {"USD": Currency("美元", "美元"), "JPY": Currency("元", "元")},
    "ko": {
        "USD": Currency("달러", "달러"),
        "GBP": Currency("파운드", "파운드"),
        "KRW": Currency("원", "원"),
        "JPY": Currency("엔", "엔"),
    },
}
"""What people say where CLDR has the official name (US dollars), and the hundredths it lacks.
¥ in Chinese text is the yuan."""


def read_money(text: str, locale: Locale) -> str:
    text = _NO_CENTS.sub("", text)
    text = _BEFORE.sub(lambda found: _sum(found, locale), text)
    return _AFTER.sub(lambda found: _sum(found, locale), text)


def money_words(text: str, code: str | None, locale: Locale) -> str | None:
    """A bare number as a sum of a currency by its ISO code; None when it is no number."""
    amount = read_numeral(text.strip(), locale)
    if amount is None or code is None:
        return None
    return _amount(amount, _currency(code.upper(), locale), locale)


def _sum(found: re.Match[str], locale: Locale) -> str:
    low = _number(found["low"], locale)
    high = _number(found["high"], locale) if found["high"] else None
    sign = found["sign"]
    if low is None or (found["high"] and high is None):
        return found[0]
    currency = _currency(_SYMBOLS.get(sign, sign), locale)
    minus = f"{locale.words.minus} " if found["minus"] else ""
    scale = _scale(found, low, high, locale.words)
    if not scale and high is None:
        words = _amount(low, currency, locale)
    else:
        numbers = amount_words(low, locale)
        if high is not None:
            numbers += f" {locale.words.to} {amount_words(high, locale)}"
        words = _joined([numbers, scale, currency.many], locale)
    if unit := found["unit"]:
        spelled = _SHORT_TIMES.get(unit, unit) if locale.language == "en" else unit
        joint = "" if locale.keeps_digits else " "
        words = joint.join([words, locale.words.per, spelled])
    following = found.string[found.end() : found.end() + 1]
    return minus + words + (" " if following.isalnum() and not locale.keeps_digits else "")


def _number(written: str, locale: Locale) -> Amount | None:
    """As its language writes it; €3,50 has cents in every language."""
    if not locale.writes_comma and _COMMA_CENTS.fullmatch(written):
        written = written.replace(",", ".")
    return read_numeral(written, locale)


def _joined(parts: list[str], locale: Locale) -> str:
    words = ("" if locale.keeps_digits else " ").join(part for part in parts if part)
    return re.sub(r"\bde (?=[aeiouéh])", "d'", words) if locale.language == "fr" else words


def _scale(found: re.Match[str], low: Amount, high: Amount | None, words: Vocabulary) -> str:
    """ "million", with what stands before the currency after it: millones de, millions d'."""
    if written := found["scale"]:
        is_large = len(written) > len("mille") and written.lower() not in ("tausend", "crore")
        return f"{written} {words.of}".rstrip() if is_large else written
    if not found["letters"]:
        return ""
    is_one = (high or low).value == 1
    powers = {
        3: words.thousand,
        6: f"{words.million if is_one else words.millions} {words.of}",
        9: f"{words.billion if is_one else words.billions} {words.of}",
        12: f"{words.trillion if is_one else words.trillions} {words.of}",
    }
    return powers[_SCALE_LETTERS[found["letters"].lower()]].rstrip()


def _amount(amount: Amount, currency: Currency, locale: Locale) -> str:
    if locale.keeps_digits:
        return amount_words(amount, locale) + currency.many
    unit = currency.one if int(amount.whole) == 1 else currency.many
    hundredths = amount.decimals.ljust(_CENT_DIGITS, "0")
    if len(hundredths) > _CENT_DIGITS or not (currency.cent or not int(hundredths)):
        return f"{amount_words(amount, locale)} {currency.many}"
    number = cardinal(amount.whole, locale, gender=currency.gender)
    if not int(hundredths):
        return f"{number} {unit}"
    cents = cardinal(str(int(hundredths)), locale, gender="masculine")
    cent = currency.cent if int(hundredths) == 1 else currency.cents
    if not int(amount.whole):
        return f"{cents} {cent}"
    joint = "con" if locale.language == "es" else locale.words.joined
    return f"{number} {unit} {joint} {cents} {cent}"


@lru_cache(maxsize=256)
def _currency(code: str, locale: Locale) -> Currency:
    if code == "¢":
        dollar = _currency("USD", locale)
        return Currency(dollar.cent or "cent", dollar.cents or "cents")
    if short := _SHORT[locale.language].get(code):
        return short
    from babel.numbers import get_currency_name

    iso = "USD" if code == "US$" else code
    one, many = (get_currency_name(iso, count, locale=locale.language) for count in (1, 2))
    return Currency(one, many)
