"""What a client tells a recogniser beforehand: which languages, which words, the text before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingress.languages import language_code

_PROMPT_CHARS, _HOTWORDS_CHARS = 4096, 1024
"""More than Whisper reads of either: 223 tokens before the transcript."""


def hints(
    language: str | None,
    languages: Iterable[str],
    prompt: str | None,
    words: Iterable[str],
    *,
    within: str = "",
) -> dict[str, Any]:
    """Fields of TranscribeInput. Blocks when a language's name is the first to be looked up.

    `within`: what stands before a field's name. Raises InvalidRequest that names the field.
    """
    one, several = _languages(language, languages, within)
    return {
        "language": one,
        "languages": several,
        "prompt": prompt[-_PROMPT_CHARS:] if prompt else None,
        "hotwords": _joined(words),
    }


def _languages(
    language: str | None, languages: Iterable[str], within: str
) -> tuple[str | None, str | None]:
    """The language, else several with commas to detect among; both None: free detection."""
    if language:
        return language_code(language, param=f"{within}language"), None
    spellings = filter(None, languages)
    codes = dict.fromkeys(language_code(one, param=f"{within}languages") for one in spellings)
    known = [code for code in codes if code]
    if len(known) < len(codes):
        return None, None
    return (known[0], None) if len(known) == 1 else (None, ",".join(known) or None)


def _joined(words: Iterable[str]) -> str | None:
    """The first words that fit, the list cut between two of them."""
    text = ", ".join(filter(None, words))
    if len(text) > _HOTWORDS_CHARS:
        text = text[:_HOTWORDS_CHARS].rpartition(", ")[0] or text[:_HOTWORDS_CHARS]
    return text or None
