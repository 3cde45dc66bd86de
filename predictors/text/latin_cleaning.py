"""Cleaning shared by the Spanish and French MeloTTS voices: only marks that the models know."""

import re

from predictors.text.plain_characters import drop_invisible

_MARKS = str.maketrans(
    {
        **dict.fromkeys("：；，·、;:", ","),
        **dict.fromkeys("。…$\n", "."),
        **dict.fromkeys('“”（）()《》【】[]「」<>«»"—−', None),
        **dict.fromkeys("‘’", "'"),
        "！": "!",
        "？": "?",
        "～": "-",
        "~": "-",
    }
)
_ELLIPSIS = re.compile(r"\.{3}")
_LEADING_MARKS = re.compile(r"^[\s,.!?]+")
_LONG_NUMBER = re.compile(r"(?<![0-9])[0-9]{16,}")  # gruut's arithmetic ends soon after
_NO_FINAL_MARK = re.compile(r"([^.,!?\-…])$")


def clean_latin(text: str, *, ampersand: str) -> str:
    """Text with only the marks of the symbol table, single spaces and a final mark.

    `ampersand` is the word for "&".
    """
    text = _ELLIPSIS.sub(".", text).translate(_MARKS)
    text = text.replace("-", " ").replace("&", ampersand)
    text = _LONG_NUMBER.sub(lambda match: " ".join(match[0]), text)
    text = _LEADING_MARKS.sub("", drop_invisible(text))
    return _NO_FINAL_MARK.sub(r"\1.", " ".join(text.split()))
