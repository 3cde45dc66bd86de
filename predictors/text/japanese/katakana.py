"""Katakana to the phones of MeloTTS: rows and columns of the syllable table, and the exceptions."""

_VOWELS = "aiueo"

_ROWS = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "g": "ガギグゲゴ",
    "s": "サシスセソ",
    "z": "ザジズゼゾ",
    "t": "タチツテト",
    "d": "ダヂヅデド",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "b": "バビブベボ",
    "p": "パピプペポ",
    "m": "マミムメモ",
    "r": "ラリルレロ",
}
_IRREGULAR = {
    **{"シ": ("sh", "i"), "チ": ("ch", "i"), "ツ": ("ts", "u"), "フ": ("f", "u")},
    **{"ジ": ("j", "i"), "ヂ": ("j", "i"), "ヅ": ("z", "u"), "ヴ": ("b", "u")},
    **{"ヤ": ("y", "a"), "ユ": ("y", "u"), "ヨ": ("y", "o")},
    **{"ワ": ("w", "a"), "ヰ": ("i",), "ヱ": ("e",), "ヲ": ("o",)},
    **{"ヷ": ("b", "a"), "ヸ": ("b", "i"), "ヹ": ("b", "e"), "ヺ": ("b", "o")},
    **{"ン": ("N",), "ッ": ("q",), "ヮ": ("w", "a"), "ヵ": ("k", "a"), "ヶ": ("k", "e")},
    **{"ャ": ("y", "a"), "ュ": ("y", "u"), "ョ": ("y", "o")},
    **{small: (vowel,) for small, vowel in zip("ァィゥェォ", _VOWELS, strict=True)},
    "ー": (),  # the voices were trained without lengthening
}

# Consonant of kana + small ya, yu, yo.
_PALATAL = {
    **{kana: f"{row}y" for row in "kgnhbpmr" for kana in _ROWS[row][1:3]},
    **{
        "シ": "sh",
        "ス": "sh",
        "ジ": "j",
        "ヂ": "j",
        "ズ": "zy",
        "ヅ": "zy",
        "チ": "ch",
        "ツ": "ch",
    },
    **{"テ": "ty", "ト": "ty", "デ": "dy", "ド": "dy", "フ": "hy", "ヴ": "by", "イ": "y"},
}
# Consonant of kana + small vowel, where the kana gives up its own vowel.
_BORROWED = {
    "フ": ("f", "ァィゥェォ"),
    "ヴ": ("b", "ァィェォ"),
    "ツ": ("ts", "ァィェォ"),
    "ウ": ("w", "ィェォ"),
    "シ": ("sh", "ェ"),
    "ジ": ("j", "ェ"),
    "チ": ("ch", "ェ"),
    "ヂ": ("j", "ェ"),
    "ス": ("s", "ィ"),
    "ズ": ("z", "ィゥェォ"),
    "テ": ("t", "ィ"),
    "デ": ("d", "ィ"),
    "ト": ("t", "ゥ"),
    "ド": ("d", "ゥ"),
}
_SMALL_VOWELS = dict(zip("ァィゥェォ", _VOWELS, strict=True))
_SMALL_Y = dict(zip("ャュョ", "auo", strict=True))
_NEVER_LENGTHENED = "アイエ"  # their doubles are two vowels


def _single() -> dict[str, tuple[str, ...]]:
    table = {
        kana: (row, vowel) if row else (vowel,)
        for row, line in _ROWS.items()
        for kana, vowel in zip(line, _VOWELS, strict=True)
    }
    return table | _IRREGULAR


def _lengthened(single: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Kana + the small vowel it ends in: "カァ" -> k a:."""
    return {
        kana + small: (*phones[:-1], f"{vowel}:")
        for small, vowel in _SMALL_VOWELS.items()
        for kana, phones in single.items()
        if phones[-1:] == (vowel,) and kana not in _NEVER_LENGTHENED and kana not in _SMALL_VOWELS
    }


def _table() -> dict[str, tuple[str, ...]]:
    """One and two kana -> phones."""
    single = _single()
    table = single | _lengthened(single)
    for kana, consonant in _PALATAL.items():
        table |= {kana + small: (consonant, vowel) for small, vowel in _SMALL_Y.items()}
    for kana, (consonant, smalls) in _BORROWED.items():
        table |= {kana + small: (consonant, _SMALL_VOWELS[small]) for small in smalls}
    return table | {"ヅゥ": ("d", "u:")}


_PHONES = _table()


def phones_of_katakana(word: str) -> list[str]:
    """Phones of `word`, the longest match first; characters outside the table have none."""
    phones: list[str] = []
    at = 0
    while at < len(word):
        size = 2 if word[at : at + 2] in _PHONES and at + 1 < len(word) else 1
        phones.extend(_PHONES.get(word[at : at + size], ()))
        at += size
    return phones
