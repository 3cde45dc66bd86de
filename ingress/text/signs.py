"""Signs between and before numbers and words: 2 + 2 = 4, 3:1, ~50, #1, R&D, mc², 5×."""

from __future__ import annotations

import re
import unicodedata

from ingress.text.numbers import END, NUMERAL, START, spaced
from ingress.text.vocabulary import Locale

_ARITHMETIC = re.compile(r"(?<=[\w)%²³]) ([+×÷=<>*/−-]|<=|>=|[!=]=|≤|≥|≈|±|≠) (?=[-−±]?[\w(√])")
_TIGHT = re.compile(r"(?<=\d)([×+=÷*]|x(?=\d))(?=[\d(])")
_AFTER_NUMBER = re.compile(r"(?<=\w)\+(?![\w+])")
_UNMISTAKABLE = re.compile(r"[ \u00a0]?([≠≤≥≈±])[ \u00a0]?(?=\S|$)")
_NAMED = re.compile(r"[√∞∫∑]")
_GREEK_LETTER = re.compile(r"(?<![\u0370-\u03ff])[Α-Ωα-ω](?![\u0370-\u03ff])")
_STROKE = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])")
"""and/or, AC/DC: front ends would make one word of them."""
_UNDERSCORES = re.compile(r"(?<=[^\W_])_{1,2}(?=[^\W_])")
"""Of names in code: user_name."""
_POWER = re.compile(rf"{START}(\d{{1,9}}|[A-Za-z])\^(-?\d{{1,4}}){END}")
_SCIENTIFIC = re.compile(rf"{START}(\d{{1,9}}(?:[.,]\d{{1,9}})?)[eE]([+-]?\d{{1,3}}){END}(?!\.\d)")
_EQUAL_IN_CODE = re.compile(r"(?<=\w)([!=]=)(?=\w)")
_LOW_POWER = re.compile(r"(?<=[\w)])\^([23])(?![\w.,]\d|\w)")
_LETTER_POWER = re.compile(r"(?<!\w)(\w{1,9})\^(-?[A-Za-z])(?!\w)")
_SMALL_POWER = re.compile(r"(?<=[^\W_]|\))([²³])(?!\w)")
_RATIO = re.compile(rf"{START}(\d{{1,4}}):(\d{{1,4}})(?![:\d]){END}")
_LEFT_OVER = re.compile(r"(?<=\d)[:/](?=\d)")
_SPACED_X = re.compile(r"(?<=\d) x (?=\d)")
_TIMES_AS = re.compile(r"(?<=\d)[ \u00a0]?[x×](?![\w×]| ?[+=*/^<>−-] ?[\w(]| \d|[)²³])")
"""3x as many; in 3x + 2 it is a letter."""
_APPROXIMATE = re.compile(rf"(?<![\w~])[~≈] ?(?=[-−]?[$€£¥]?{NUMERAL})")
_NUMBER_SIGN = re.compile(r"(?<![\w&#])(?:#|№|[Nn]º|N°|n°|Nr\.|No\.) ?(?=\d)")
_SECTION = re.compile(r"§{1,2} ?(?=\d)")
_AMPERSAND = re.compile(r"(?<=[\w.)]) ?&{1,2} ?(?=[\w(])")
_LANGUAGE_NAME = re.compile(r"\b([CF])(\+\+|#)(?!\w)")
_ARROW = re.compile(r"[ \u00a0]?[→←↔⇒⇐➔➜][ \u00a0]?")


def read_approximations(text: str, locale: Locale) -> str:
    """~50 and ≈ 20 °C, before what they stand before becomes words."""
    return _APPROXIMATE.sub(f"{locale.words.about} ", text)


def read_signs(text: str, locale: Locale) -> str:
    """What no other rule has read. Numbers still have their digits."""
    words = locale.words
    text = _ARROW.sub(", ", text)
    text = _LANGUAGE_NAME.sub(lambda found: _programming_language(found, words.plus), text)
    text = _SCIENTIFIC.sub(lambda found: _scientific(found, locale), text)
    text = _LOW_POWER.sub(lambda found: "²" if found[1] == "2" else "³", text)
    text = _LETTER_POWER.sub(
        lambda found: words.power.format(found[1], _signed(found[2], locale)), text
    )
    text = _POWER.sub(lambda found: words.power.format(found[1], _signed(found[2], locale)), text)
    signs = _names(locale)
    text = _SPACED_X.sub(f" {words.by} ", text)
    text = _TIMES_AS.sub(_spaced(words.times_as, locale), text)
    text = _ARITHMETIC.sub(lambda found: _arithmetic(found, signs, words.minus), text)
    text = _EQUAL_IN_CODE.sub(lambda found: f" {signs[found[1]]} ", text)
    text = _TIGHT.sub(lambda found: f" {signs[found[1]]} ", text)
    text = _AFTER_NUMBER.sub(f" {words.plus}", text)
    text = _UNMISTAKABLE.sub(lambda found: _between(signs[found[1]], locale), text)
    text = _NAMED.sub(lambda found: spaced(found, signs[found[0]]), text)
    text = _UNDERSCORES.sub(" ", text)
    if locale.language not in ("hi", "ja", "zh", "ko"):
        text = _GREEK_LETTER.sub(_greek_letter, _STROKE.sub(" ", text))
    text = _SMALL_POWER.sub(
        lambda found: _spaced(words.squared if found[1] == "²" else words.cubed, locale), text
    )
    text = _RATIO.sub(lambda found: found[1] + _between(words.ratio, locale) + found[2], text)
    text = _LEFT_OVER.sub(" ", text)  # 24/7
    text = _NUMBER_SIGN.sub(f"{words.number} ", text)
    text = _SECTION.sub(_between(words.section, locale).lstrip(), text)
    return _AMPERSAND.sub(f" {words.joined} ", text)


def _names(locale: Locale) -> dict[str, str]:
    words = locale.words
    return {
        **{"+": words.plus, "×": words.times, "*": words.times, "÷": words.divided},
        **{"/": words.divided, "=": words.equals, "<": words.less, ">": words.greater},
        **{"−": words.minus, "≈": words.about, "±": words.plus_minus, "x": words.by},
        **{"<=": words.at_most, ">=": words.at_least, "≤": words.at_most, "≥": words.at_least},
        **{"==": words.equals, "!=": words.not_equal, "≠": words.not_equal},
        **{"√": words.root, "∞": words.infinity, "∫": words.integral, "∑": words.sum},
    }


def _greek_letter(found: re.Match[str]) -> str:
    """π -> pi: by its name in Unicode, which these languages share."""
    return spaced(found, unicodedata.name(found[0]).rsplit(" ", 1)[-1].lower())


def _spaced(word: str, locale: Locale) -> str:
    """Behind what it belongs to."""
    return word if locale.keeps_digits else f" {word}"


def _between(word: str, locale: Locale) -> str:
    return word if locale.keeps_digits else f" {word} "


def _signed(digits: str, locale: Locale) -> str:
    sign, number = ("-", digits[1:]) if digits[0] == "-" else ("", digits.lstrip("+"))
    return (_spaced(locale.words.minus, locale).strip() + " " if sign else "") + number


def _scientific(found: re.Match[str], locale: Locale) -> str:
    """6.02e23 -> 6.02 times 10 to the power of 23."""
    power = locale.words.power.format("10", _signed(found[2], locale))
    return f"{found[1]}{_between(locale.words.times, locale)}{power}"


def _programming_language(found: re.Match[str], plus: str) -> str:
    return f"{found[1]} sharp" if found[2] == "#" else f"{found[1]} {plus} {plus}"


def _arithmetic(found: re.Match[str], signs: dict[str, str], minus: str) -> str:
    sign = found[1]
    if sign in "-/*" and not _is_between_numbers(found):
        return found[0]
    if sign in "<>" and not _is_beside_a_number(found):
        return found[0]
    return f" {minus if sign == '-' else signs[sign]} "


def _is_between_numbers(found: re.Match[str]) -> bool:
    """A dash or a stroke between words is no arithmetic."""
    before, after = _neighbours(found)
    return before.isdecimal() and after.isdecimal()


def _is_beside_a_number(found: re.Match[str]) -> bool:
    """i < 10; an arrow between words leads through a menu."""
    before, after = _neighbours(found)
    return before.isdecimal() or after.isdecimal()


def _neighbours(found: re.Match[str]) -> tuple[str, str]:
    before = found.string[found.start() - 1 : found.start()]
    return before, found.string[found.end() : found.end() + 2].lstrip("-−")[:1]
