"""Text to pieces of phoneme ids, a sentence each, none longer than the network should take."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from piper import PiperVoice

from contract.pronunciation import Stretch, stretches
from predictors.text.errors import UnknownPhonemes
from predictors.text.ipa import spoken_ipa

MAX_PIECE_PHONEMES = 250
"""About 20 s of speech. Attention grows with the square of it."""
_BREAKS = (".!?;:,", " ")  # where a long sentence is cut, best first


def sentences(voice: PiperVoice, text: str) -> list[list[list[int]]]:
    """For each sentence its pieces, each a list of ids. Empty when nothing can be spoken.

    Raises UnknownPhonemes where a pronunciation has a letter that the voice does not know.
    """
    marked = "".join(_marked(voice, stretch) for stretch in stretches(text))
    return [
        [voice.phonemes_to_ids(piece) for piece in _cut(_known(voice, phonemes))]
        for phonemes in voice.phonemize(marked)
        if any(_is_sound(phoneme) for phoneme in _known(voice, phonemes))
    ]


def _marked(voice: PiperVoice, stretch: Stretch) -> str:
    """A pronunciation as Piper reads one: [[təmˈeɪɾoʊ]]."""
    if not stretch.ipa:
        return plain(stretch.text)
    ipa = spoken_ipa(stretch.ipa)
    known = voice.config.phoneme_id_map
    if unknown := next((one for one in ipa if one.isalpha() and one not in known), ""):
        raise UnknownPhonemes(unknown, "this voice")
    return f"[[{ipa}]]"


def plain(text: str) -> str:
    """The text without what the phonemizer would take for something else than text.

    A NUL ends a C string, other control characters say nothing, and Piper reads `[[…]]` as
    phonemes, which nobody who sends a text with footnotes means.
    """
    spaced = "".join(" " if unicodedata.category(one) == "Cc" else one for one in text)
    while "[[" in spaced:
        spaced = spaced.replace("[[", "[ [")
    return spaced


def _known(voice: PiperVoice, phonemes: Sequence[str]) -> list[str]:
    return [one for one in phonemes if one in voice.config.phoneme_id_map]


def _is_sound(phoneme: str) -> bool:
    """Letters of IPA and of scripts; marks and punctuation alone make no sound."""
    return any(one.isalnum() for one in phoneme)


def _cut(phonemes: list[str]) -> Iterator[list[str]]:
    rest = phonemes
    while len(rest) > MAX_PIECE_PHONEMES:
        end = _cut_place(rest[:MAX_PIECE_PHONEMES])
        yield rest[:end]
        rest = rest[end:]
    yield rest


def _cut_place(phonemes: Sequence[str]) -> int:
    """One past the last mark or space in the second half, else the end."""
    half = len(phonemes) // 2
    for marks in _BREAKS:
        places = [index for index in range(half, len(phonemes)) if phonemes[index] in marks]
        if places:
            return places[-1] + 1
    return len(phonemes)
