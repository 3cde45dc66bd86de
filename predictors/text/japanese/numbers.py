"""Arabic numerals in Japanese text spelled in kanji, with the counters that change them."""

import re

_DIGITS = "零一二三四五六七八九"
_SMALL_UNITS = ("", "十", "百", "千")
_LARGE_UNITS = ("", "万", "億", "兆", "京")
_LARGEST_NAMED_DIGITS = 4 * len(_LARGE_UNITS)

_CURRENCIES = {"$": "ドル", "¥": "円", "£": "ポンド", "€": "ユーロ", "%": "パーセント"}
_THOUSANDS = re.compile(r"(?<![0-9,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_CURRENCY_FIRST = re.compile(r"([$¥£€])([0-9.]*[0-9])")
_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")

# Numerals that end in a stop swallow the first sound of a counter; 三 and 何 voice some of them.
_CLIPPED = {"一": "イッ", "六": "ロッ", "八": "ハッ", "十": "ジュッ", "百": "ヒャッ"}
_CLIPPED_BEFORE_S_T = {key: _CLIPPED[key] for key in "一八十"}
_P_ROW = {
    "ハイ": "パイ",
    "ヒキ": "ピキ",
    "フン": "プン",
    "ホン": "ポン",
    "ハツ": "パツ",
    "ハク": "パク",
}
_B_ROW = {
    "ハイ": "バイ",
    "ヒキ": "ビキ",
    "フン": "プン",
    "ホン": "ボン",
    "ハツ": "パツ",
    "ハク": "パク",
}
_COUNTERS_H = {
    "杯": "ハイ",
    "匹": "ヒキ",
    "分": "フン",
    "本": "ホン",
    "発": "ハツ",
    "泊": "ハク",
}
_COUNTERS_K = {
    "回": "カイ",
    "個": "コ",
    "階": "カイ",
    "巻": "カン",
    "か月": "カゲツ",
    "ヶ月": "カゲツ",
}
_COUNTERS_S_T = {
    "歳": "サイ",
    "才": "サイ",
    "冊": "サツ",
    "週": "シュウ",
    "章": "ショウ",
    "頭": "トウ",
    "点": "テン",
    "着": "チャク",
}
# Clock and calendar keep the older readings of 4, 7 and 9.
_OLD_READINGS = {
    "四時": "ヨジ",
    "七時": "シチジ",
    "九時": "クジ",
    "四月": "シガツ",
    "七月": "シチガツ",
    "九月": "クガツ",
    "四年": "ヨネン",
    "四人": "ヨニン",
    "四円": "ヨエン",
}
_DAYS = dict(
    zip(
        ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十四", "二十", "二十四"),
        (
            *("ツイタチ", "フツカ", "ミッカ", "ヨッカ", "イツカ", "ムイカ", "ナノカ", "ヨウカ"),
            *("ココノカ", "トオカ", "ジュウヨッカ", "ハツカ", "ニジュウヨッカ"),
        ),
        strict=True,
    )
)


def _changes() -> dict[str, str]:
    """Last digit of a numeral + counter -> how the two are read together."""
    table = dict(_OLD_READINGS)
    for counter, kana in _COUNTERS_H.items():
        table |= {digit + counter: start + _P_ROW[kana] for digit, start in _CLIPPED.items()}
        table["三" + counter] = "サン" + _B_ROW[kana]
    for counter, kana in _COUNTERS_K.items():
        table |= {digit + counter: start + kana for digit, start in _CLIPPED.items()}
    for counter, kana in _COUNTERS_S_T.items():
        table |= {digit + counter: start + kana for digit, start in _CLIPPED_BEFORE_S_T.items()}
    table["四分"] = "ヨンプン"
    return table


_CHANGES = _changes()
_COUNTERS = "|".join(
    sorted({key[1:] for key in _CHANGES}, key=len, reverse=True)  # か月 before 月
)
_COUNTED = re.compile(rf"(?<![0-9])([0-9]+)({_COUNTERS}|日(?!間))")


def spell_numbers(text: str) -> str:
    """Replace Arabic numerals; "3本" -> "サンボン", "1,234円" -> "千二百三十四円".

    Expects NFKC text. Counters that change the numeral come out in katakana, others stay as kanji.
    """
    text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    text = _CURRENCY_FIRST.sub(lambda match: match[2] + _CURRENCIES[match[1]], text)
    text = text.replace("%", _CURRENCIES["%"])
    text = _COUNTED.sub(_counted, text)
    return _NUMBER.sub(lambda match: _decimal(match[1], match[2]), text)


def kanji_number(digits: str) -> str:
    """A whole number in kanji: "20123" -> "二万百二十三"; digit by digit beyond the named units."""
    digits = digits.lstrip("0") or "0"
    if digits == "0":
        return _DIGITS[0]
    if len(digits) > _LARGEST_NAMED_DIGITS:
        return "".join(_DIGITS[int(digit)] for digit in digits)
    rest, words = int(digits), ""
    for unit in _LARGE_UNITS:
        rest, group = divmod(rest, 10_000)
        if group:
            words = _below_ten_thousand(group) + unit + words
    return words


def _below_ten_thousand(number: int) -> str:
    """一 is not said before 十, 百 and 千."""
    words = ""
    for unit in _SMALL_UNITS:
        number, digit = divmod(number, 10)
        if digit:
            words = ("" if digit == 1 and unit else _DIGITS[digit]) + unit + words
    return words


def _decimal(whole: str, fraction: str | None) -> str:
    point = "点" + "".join(_DIGITS[int(digit)] for digit in fraction) if fraction else ""
    return kanji_number(whole) + point


def _counted(match: re.Match[str]) -> str:
    numeral, counter = kanji_number(match[1]), match[2]
    if counter == "日":
        is_span = numeral == "一" and not match.string.startswith("月", match.start() - 1)
        return numeral + counter if is_span else _DAYS.get(numeral, numeral + counter)
    changed = _CHANGES.get(numeral[-1] + counter)
    return numeral[:-1] + changed if changed else numeral + counter
