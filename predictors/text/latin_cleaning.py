"""Cleaning shared by the Spanish and French MeloTTS voices: only marks that the models know."""

import re

_MARKS = str.maketrans(
    {
        **dict.fromkeys("：；，·、;:", ","),
        **dict.fromkeys("。…$\n", "."),
        **dict.fromkeys("“”‘’（）()《》【】[]「」", "'"),
        **dict.fromkeys("—−", None),
        "！": "!",
        "？": "?",
        "～": "-",
        "~": "-",
    }
)
_ELLIPSIS = re.compile(r"\.{3}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\ufeff]+")
_LEADING_MARKS = re.compile(r"^[\s,.!?]+")
_NO_FINAL_MARK = re.compile(r"([^.,!?\-…])$")


def clean_latin(text: str, *, ampersand: str, dropped: str) -> str:
    """Text with only the marks of the symbol table, single spaces and a final mark.

    `ampersand` is the word for "&"; `dropped` are characters that leave no trace.
    """
    text = re.sub(f"[{re.escape(dropped)}]", "", text)
    text = _ELLIPSIS.sub(".", text).translate(_MARKS)
    text = text.replace("-", " ").replace("&", ampersand)
    text = re.sub(f"[{re.escape(dropped)}]", "", text)  # those that curly quotes turned into
    text = _LEADING_MARKS.sub("", _CONTROL.sub(" ", text))
    return _NO_FINAL_MARK.sub(r"\1.", " ".join(text.split()))
