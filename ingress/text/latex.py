r"""Mathematics as LaTeX has it, $x^2$ or \(\frac{1}{2}\), in the signs that are read elsewhere.

Before markdown, which takes underscores, asterisks and backslashes for its own.
"""

from __future__ import annotations

import re
import unicodedata

from ingress.text.vocabulary import Locale

_SPAN = re.compile(
    r"\$\$([^$]{1,500})\$\$"
    r"|\\\[([^$]{1,500}?)\\\]"
    r"|\\\(([^$\n]{1,300}?)\\\)"
    r"|(?<![\w$\\])\$((?!\s)[^$\n]{1,300}(?<![\s\\]))\$(?![\w$])"
)
_IS_MATHEMATICS = re.compile(r"[\\^_{=<>]|^[A-Za-z]$|^[A-Za-z0-9] ?[+<>-] ?[A-Za-z0-9]$")
"""Between single dollars, which prices have as well."""
_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|mathit|operatorname|mbox)\{([^{}]{0,200})\}")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,200})\}\{([^{}]{1,200})\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]{1,200})\}")
_DEEPEST = 8
_BOUNDS = re.compile(r"([∫∑∏])_(?:\{([^{}]{1,60})\}|(\w))\^(?:\{([^{}]{1,60})\}|(\w|∞))")
_COMMAND = re.compile(r"\\([A-Za-z]{1,24}) ?|\\(.)")
_SIGNS = {
    **{"times": "×", "cdot": "×", "ast": "×", "div": "÷", "pm": "±", "le": "≤", "leq": "≤"},
    **{"ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "≈", "infty": "∞"},
    **{"int": "∫", "sum": "∑", "to": "→", "rightarrow": "→", "Rightarrow": "→", "lt": "<"},
    **{"gt": ">", "ldots": "…", "dots": "…", "cdots": "…", "degree": "°", "circ": "°"},
    **{
        name: f" {name} " for name in ("sin", "cos", "tan", "log", "ln", "exp", "lim", "max", "min")
    },
}
_ESCAPED = frozenset("%$&#_")
_OPERATOR = re.compile(r" ?([=+<>×÷≤≥≠≈±]) ?")
_MINUS = re.compile(r"(?<=[\w)]) ?- ?(?=[\w(√])")
_SUBSCRIPT = re.compile(r"_(?=\w)")
_COEFFICIENT = re.compile(r"(?<=\d)(?=[A-Za-z(√])")


def with_plain_mathematics(text: str, locale: Locale) -> str:
    """Formulas between their marks as x^2 + 1 or a ÷ b, which are read as everywhere."""
    if "$" not in text and "\\" not in text:
        return text
    to = locale.words.to if locale.is_read else "–"
    return _SPAN.sub(lambda found: _plain(found, to), text)


def _plain(found: re.Match[str], to: str) -> str:
    formula = next(part for part in found.groups() if part is not None)
    if found[4] is not None and not _IS_MATHEMATICS.search(formula):
        return found[0]
    formula = _TEXT.sub(r" \1 ", formula)
    for _ in range(_DEEPEST):
        inner = _ROOT.sub(r"√\1", _FRACTION.sub(_fraction, formula))
        if inner == formula:
            break
        formula = inner
    formula = _COMMAND.sub(_command, formula)
    formula = _BOUNDS.sub(
        lambda one: f"{one[1]} {one[2] or one[3]} {to} {one[4] or one[5]}: ", formula
    )
    formula = formula.replace("{", "").replace("}", "").replace("&", " ")
    formula = _OPERATOR.sub(r" \1 ", _MINUS.sub(" − ", _SUBSCRIPT.sub(" ", formula)))
    return " ".join(_COEFFICIENT.sub(" ", formula).split())


def _fraction(found: re.Match[str]) -> str:
    top, bottom = found[1].strip(), found[2].strip()
    if top.isdecimal() and bottom.isdecimal():
        return f"{top}/{bottom}"
    return f"{_grouped(top)} ÷ {_grouped(bottom)}"


def _grouped(formula: str) -> str:
    return formula if formula.isalnum() else f"({formula})"


def _command(found: re.Match[str]) -> str:
    r"""A sign, a letter, a name that is read; layout (\left, \quad) and the rest are left out."""
    name = found[1]
    if name is None:
        return found[2] if found[2] in _ESCAPED else " "
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return _SIGNS.get(name) or unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
    except KeyError:
        return " "
