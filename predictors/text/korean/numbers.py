"""Arabic numerals in Korean text, spelled in Hangul."""

import re

_DIGITS = "영일이삼사오육칠팔구"
_SMALL_UNITS = ("", "십", "백", "천")
_LARGE_UNITS = ("", "만", "억", "조", "경")
_LARGEST_NAMED_DIGITS = 4 * len(_LARGE_UNITS)
_NATIVE_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_EXCEPTIONS = {"1번째": "첫번째", "6월": "유월", "10월": "시월"}

# Counted in native numerals; all other units take the Chinese ones.
_NATIVE_UNITS = (
    *("가지", "개", "군데", "권", "그루", "달", "대", "마리", "명", "모금", "바퀴", "발짝", "벌"),
    *("번", "번째", "사람", "살", "송이", "시", "시간", "쌍", "잔", "장", "채", "척", "켤레", "통"),
)
_COUNTED = re.compile(
    rf"(?<![0-9])([0-9]+)({'|'.join(sorted(_NATIVE_UNITS, key=len, reverse=True))})(?!초|작|대|월)"
)
_EXCEPTION = re.compile(rf"(?<![0-9])(?:{'|'.join(_EXCEPTIONS)})")
_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def spell_numbers(word: str) -> str:
    """Replace numerals: "3개" -> "세개", "10분" -> "십분", "007" -> "영영칠"."""
    word = _EXCEPTION.sub(lambda match: _EXCEPTIONS[match[0]], word)
    word = _COUNTED.sub(lambda match: native_number(match[1]) + match[2], word)
    return _NUMBER.sub(_spell, word)


def sino_number(digits: str) -> str:
    """A whole number in Chinese numerals; digit by digit when it is a code or beyond the units."""
    if (digits[0] == "0" and len(digits) > 1) or len(digits) > _LARGEST_NAMED_DIGITS:
        return _digit_by_digit(digits)
    rest, words = int(digits), ""
    for unit in _LARGE_UNITS:
        rest, group = divmod(rest, 10_000)
        if group:
            # Ten thousand alone is 만, not 일만; larger units keep their one.
            is_bare = group == 1 and unit == "만" and not rest
            words = ("" if is_bare else _below_ten_thousand(group)) + unit + words
    return words or _DIGITS[0]


def native_number(digits: str) -> str:
    """A number before a unit in native numerals, as far as they go: 1 to 99."""
    number = int(digits) if len(digits) < 3 else 100
    if not 0 < number < 100:
        return sino_number(digits)
    if number == 20:
        return "스무"
    tens, ones = divmod(number, 10)
    return _NATIVE_TENS[tens] + _NATIVE_ONES[ones]


def _spell(match: re.Match[str]) -> str:
    whole, fraction = match.groups()
    return sino_number(whole) + (f"점{_digit_by_digit(fraction)}" if fraction else "")


def _below_ten_thousand(number: int) -> str:
    words = ""
    for unit in _SMALL_UNITS:
        number, digit = divmod(number, 10)
        if digit:
            words = ("" if digit == 1 and unit else _DIGITS[digit]) + unit + words
    return words


def _digit_by_digit(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)
