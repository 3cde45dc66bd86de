"""Short names of weekdays where they can be nothing else: Mon-Fri, Sat, Nov 7."""

from __future__ import annotations

import re
from functools import cache

from ingress.text.vocabulary import Locale

_READ = frozenset({"en", "es", "fr", "de", "it", "pt"})
_CAPITALS = frozenset({"en", "de"})
_MORE = {"en": {"Tues": 1, "Thur": 3, "Thurs": 3}}


def read_weekdays(text: str, locale: Locale) -> str:
    """Mon-Fri -> Monday to Friday; Sat, Nov. 7 -> Saturday, Nov. 7."""
    if locale.language not in _READ:
        return text
    full, span, single = _days(locale.language)
    text = span.sub(
        lambda found: f"{full[found[1].lower()]} {locale.words.to} {full[found[2].lower()]}", text
    )
    return single.sub(lambda found: f"{full[found[1].lower()]}, ", text)


@cache
def _days(language: str) -> tuple[dict[str, str], re.Pattern[str], re.Pattern[str]]:
    """Full names by short ones; the patterns of ranges and, where names of days are written with a
    capital, of a day before a date."""
    from babel.dates import get_day_names, get_month_names

    names = get_day_names("wide", "format", locale=language)
    short = get_day_names("abbreviated", "format", locale=language)
    full = {short[day].rstrip("."): names[day] for day in range(7)}
    full |= {spelled: names[day] for spelled, day in _MORE.get(language, {}).items()}
    has_capital = language in _CAPITALS
    any_day = "|".join(sorted(map(re.escape, full), key=len, reverse=True))
    day = rf"({any_day})\.?" if has_capital else rf"(?i:({any_day}))\.?"
    months = get_month_names("abbreviated", "format", locale=language).values()
    month = "|".join(re.escape(name.rstrip(".")) for name in months)
    date = rf"\d{{1,2}}\. ?(?:\d|{month})" if language == "de" else rf"(?:{month}|\d{{1,2}}/\d)"
    span = re.compile(rf"(?<![\w-]){day} ?[-–] ?(?!\1){day}(?![\w-])")
    single = re.compile(
        rf"(?<![\w-])({any_day})(?:\.?,|\.) (?={date})" if has_capital else "(?!)()"
    )
    return {spelled.lower(): name for spelled, name in full.items()}, span, single
