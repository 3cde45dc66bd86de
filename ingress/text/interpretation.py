"""What <say-as> asks for: the text inside it as characters, a date, a sum of money …"""

from __future__ import annotations

import re
from collections.abc import Callable

from ingress.text.clocks import read_times
from ingress.text.dates import date_words
from ingress.text.money import money_words, read_money
from ingress.text.numbers import cardinal, digit_by_digit, digit_groups, ordinal, read_numeral, year
from ingress.text.quantities import read_measures
from ingress.text.ssml import SayAs
from ingress.text.vocabulary import Locale
from ingress.text.written_forms import read_written_forms

_NUMBER = re.compile(r"\d{1,24}")
_LONGEST = 256
"""Characters that are read in a way of their own; nobody spells a page."""


def say_as(text: str, asked: SayAs, locale: Locale) -> str:
    """The words asked for; where the text is nothing of that kind, as it is read without."""
    text = text.strip()
    read = _KINDS.get(asked.kind)
    words = read(text, asked.format, locale) if read and len(text) <= _LONGEST else None
    return words or read_written_forms(text, locale)


def _characters(text: str, _: str, locale: Locale) -> str:
    words = locale.words
    names = {
        **{".": words.dot, "@": words.at, "/": words.slash, "-": words.dash, "+": words.plus},
        **{"_": words.underscore, ":": words.colon, "=": words.equals, "%": words.percent},
    }
    spelled = (
        digit_by_digit(str(int(one)), locale)
        if one.isdecimal()
        else names.get(one, "").replace("{}", "").strip() or (one.upper() if one.isalnum() else "")
        for one in text
    )
    return " ".join(filter(None, spelled))


def _digits(text: str, _: str, locale: Locale) -> str:
    return " ".join(digit_by_digit(one, locale) for one in _NUMBER.findall(text))


def _cardinal(text: str, _: str, locale: Locale) -> str | None:
    amount = read_numeral(text, locale)
    return cardinal(amount.whole, locale) if amount and not amount.decimals else None


def _ordinal(text: str, _: str, locale: Locale) -> str | None:
    found = _NUMBER.match(text)
    return ordinal(found[0], locale) if found else None


def _date(text: str, order: str, locale: Locale) -> str | None:
    written = date_words(text, order.lower() or locale.numeric_order(), locale)
    return written and read_written_forms(written, locale)


def _time(text: str, _: str, locale: Locale) -> str:
    return read_written_forms(read_times(text, locale), locale)


def _telephone(text: str, _: str, locale: Locale) -> str:
    plus = f"{locale.words.plus} " if text.startswith("+") else ""
    return plus + digit_groups(text, locale)


def _currency(text: str, code: str, locale: Locale) -> str | None:
    return money_words(text, code or None, locale) or read_money(text, locale)


def _unit(text: str, _: str, locale: Locale) -> str:
    return read_measures(text, locale)


def _year(text: str, _: str, locale: Locale) -> str | None:
    return year(text, locale) if text.isdecimal() and len(text) <= 4 else None


_KINDS: dict[str, Callable[[str, str, Locale], str | None]] = {
    **{"characters": _characters, "spell-out": _characters, "verbatim": _characters},
    **{"digits": _digits, "cardinal": _cardinal, "number": _cardinal, "ordinal": _ordinal},
    **{"date": _date, "time": _time, "telephone": _telephone, "currency": _currency},
    **{"unit": _unit, "year": _year},
}
"""A fraction is read as everywhere."""
