"""Arabic numerals in Mandarin text, spelled in Chinese characters."""

import re

_DIGITS = "零一二三四五六七八九"
_SMALL_UNITS = ("", "十", "百", "千")
_LARGE_UNITS = ("", "万", "亿", "万亿")
_LARGEST_NAMED_DIGITS = 4 * len(_LARGE_UNITS)
_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?(%)?")
_THOUSANDS = re.compile(r"(?<![0-9,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")


def spell_numbers(text: str) -> str:
    """Replace numerals; "3.5%" -> "百分之三点五". Expects half-width digits."""
    text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    return _NUMBER.sub(_spell, text)


def mandarin_number(digits: str) -> str:
    """A whole number: "10203" -> "一万零二百零三"; digit by digit beyond the named units."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > _LARGEST_NAMED_DIGITS:
        return _digit_by_digit(digits)
    words, rest, gap = "", int(digits), False
    for unit in _LARGE_UNITS:
        rest, group = divmod(rest, 10_000)
        if group:
            words = (
                _below_ten_thousand(group) + unit + (_DIGITS[0] if gap and words else "") + words
            )
            gap = group < 1000
        else:
            gap = True
    return _without_leading_one(words) or _DIGITS[0]


def _spell(match: re.Match[str]) -> str:
    whole, fraction, percent = match.groups()
    words = mandarin_number(whole) + (f"点{_digit_by_digit(fraction)}" if fraction else "")
    return f"百分之{words}" if percent else words


def _below_ten_thousand(number: int) -> str:
    """One zero stands for any run of zeros between digits."""
    words, gap = "", False
    for unit in _SMALL_UNITS:
        number, digit = divmod(number, 10)
        if digit:
            words = _DIGITS[digit] + unit + (_DIGITS[0] if gap and words else "") + words
        gap = not digit
    return words


def _without_leading_one(words: str) -> str:
    """Ten is said 十, not 一十, where a number begins with it."""
    return words[1:] if words.startswith("一十") else words


def _digit_by_digit(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)
