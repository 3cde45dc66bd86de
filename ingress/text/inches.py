"""Inches as English writes them: 10 in. wide, a 27-in. monitor, 13", 2" x 4"."""

from __future__ import annotations

import re

from ingress.text.vocabulary import Locale

_LENGTH = r"(?:\d{1,5} )?\d{1,5}(?:[./⁄]\d{1,4})?[½¼¾⅛⅜⅝⅞]?"
_SQUARE = re.compile(r"(?<=\d) (sq|cu)\.? ?(ft|in|mi)\b(?:\.(?= [a-z(\d]|[,;:)]))?")
_ABBREVIATED = re.compile(rf"(?<![\w.,/$€£])(?<!ft )(?<!ft\. )({_LENGTH})([ -]?)in\.(?!\w)")
_MARK = re.compile(rf"(?<![\w.,/'’])({_LENGTH})()[\"″”](?!\w)|[\"“”]|\n")
"""Inches, or where something quoted begins or ends; no quotation goes beyond its line."""
_BY = re.compile(r"\b(inch|inches) ?[x×] ?(?=\d)")
_AFTER_A_LENGTH = re.compile(
    r"(?:\s{0,4}(?:$|[.,;:)!?×x]|(?:wide|long|high|tall|deep|thick|by|of|and|or|to|in|from|apart|away"
    r"|below|above|at|across|around|per|on|is|was|are|were|more|less|longer|shorter|taller|wider)\b))"
)
"""Before anything else the length is an adjective: a ten inch pan."""
_ENDS_HERE = re.compile(r"\s{0,8}(?:$|\n)| [A-Z]")


def read_inches(text: str, locale: Locale) -> str:
    """Numbers keep their digits, which are read later."""
    if locale.language != "en":
        return text
    text = _SQUARE.sub(lambda found: f" {found[2]}{'²' if found[1] == 'sq' else '³'}", text)
    text = _ABBREVIATED.sub(_abbreviated, text)
    return _BY.sub(r"\1 by ", _marked(text))


def _abbreviated(found: re.Match[str]) -> str:
    is_last = _ENDS_HERE.match(found.string, found.end()) is not None
    return _inches(found, is_last=is_last) + ("." if is_last else "")


def _marked(text: str) -> str:
    """A length and its mark, unless that closes what was quoted."""
    parts, end, is_quoted = list[str](), 0, False
    for found in _MARK.finditer(text):
        if found[1] and not is_quoted:
            parts += [text[end : found.start()], _inches(found)]
            end = found.end()
        else:
            is_quoted = found[0] != "\n" and not is_quoted
    return "".join([*parts, text[end:]])


def _inches(found: re.Match[str], *, is_last: bool = False) -> str:
    is_one = found[1] == "1" or ("/" in found[1] and " " not in found[1])
    goes_on = is_last or _AFTER_A_LENGTH.match(found.string, found.end()) is not None
    is_counted = goes_on and found[2] != "-"
    return f"{found[1]} {'inches' if is_counted and not is_one else 'inch'}"
