"""IPA of single words from gruut with its espeak lexicons, as Spanish and French MeloTTS use it."""

from functools import lru_cache
from threading import Lock

from predictors.text.optional_library import import_library

_ASCII_G, _IPA_G = "g", "ɡ"  # the symbol tables know only the IPA letter
_LOCK = Lock()  # gruut fills its lexicons and opens SQLite on first use: one caller at a time


@lru_cache(maxsize=16_384)
def ipa_characters(word: str, language: str) -> tuple[str, ...]:
    """IPA of `word`, one entry per character: stress marks and combining tildes stand alone.

    `language` is gruut's name ("es-es", "fr-fr"). A pause mark comes back as itself.
    """
    gruut = import_library("gruut", "gruut[es,fr]")
    found: list[str] = []
    with _LOCK:
        for sentence in gruut.sentences(word, lang=language, espeak=True):
            for token in sentence:
                found.append(token.text if token.is_break else "".join(token.phonemes or ()))
    return tuple(c for c in "".join(found).replace(_ASCII_G, _IPA_G) if not c.isspace())
