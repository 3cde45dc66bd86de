"""IPA of whole clauses by espeak-ng, from the package espeakng-loader (library and data in it).

espeak-ng is GPL-3.0, so that package is an extra of its own and nothing here needs it otherwise.
Called by ctypes (espeak-ng, src/include/espeak-ng/speak_lib.h). The library keeps its voice and its
place in a text in globals: calls take turns.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any

from predictors.text.load_once import load_once
from predictors.text.optional_library import import_library

_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_UTF8 = 1
_TIE = "^"
_IPA_WITH_TIES = 0x02 | 0x80 | ord(_TIE) << 8
_LANGUAGE_SWITCH = re.compile(r"\([\^a-z-]+\)")
"""(en) and (fr) around a foreign word; the ties that are asked for stand inside it as well."""
_MAX_CLAUSE = 1000
_TILDE = "\u0303"


class EspeakFailed(RuntimeError):
    """espeak-ng does not start, or lacks a voice."""


@lru_cache(maxsize=4096)
def clause_ipa(clause: str, voice: str) -> str:
    """IPA of a text without punctuation, words apart by spaces, ties as "^"; nasal tildes apart.

    `voice` is espeak's ("es", "pt-br"). A clause beyond 1000 characters is read in parts.
    """
    spoken = " ".join(_espeak()(part, voice) for part in _parts(clause))
    spoken = " ".join(_LANGUAGE_SWITCH.sub("", spoken).split())
    return "".join(_without_tilde(character) for character in spoken)


def _parts(clause: str) -> list[str]:
    """NUL would end a C string; a long text without spaces would grow buffers of fixed size."""
    clause = clause.replace("\0", " ")
    return [clause[i : i + _MAX_CLAUSE] for i in range(0, len(clause), _MAX_CLAUSE)]


def _without_tilde(character: str) -> str:
    """ "ã" -> "a" and a combining tilde; "ç" stays one character."""
    apart = unicodedata.normalize("NFD", character)
    return apart if apart.endswith(_TILDE) else character


@load_once
def _espeak() -> Callable[[str, str], str]:
    loader: Any = import_library("espeakng_loader", "espeakng-loader", "espeak")
    library = ctypes.CDLL(loader.get_library_path())
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    data = loader.get_data_path().encode()
    if library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT) <= 0:
        raise EspeakFailed("espeak-ng does not start: its data is missing")
    lock = Lock()

    def read(text: str, voice: str) -> str:
        with lock:
            if library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise EspeakFailed(f"espeak-ng has no voice {voice!r}")
            return " ".join(_clauses(library, text))

    return read


def _clauses(library: ctypes.CDLL, text: str) -> list[str]:
    """espeak reads up to the end of a clause and moves the pointer there, at last to NULL."""
    rest = ctypes.c_char_p(text.encode())
    found: list[str] = []
    while rest.value:
        spoken = library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA_WITH_TIES)
        found.append((spoken or b"").decode())
    return found
