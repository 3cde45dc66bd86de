"""What the original MeloTTS front ends made of some sentences, and what ours make of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from predictors.text.melo_pieces import Pronunciation, WordPieces, plain_pieces

_GOLDENS = Path(__file__).parents[1] / "data" / "parity" / "frontend.json"


@dataclass(frozen=True)
class Spoken:
    """The sounds of one sentence, with the pauses at both ends; tones inside the language."""

    norm: str
    phones: list[str]
    tones: list[int]
    word2ph: list[int]


def goldens(name: str) -> list[tuple[str, Spoken]]:
    """(sentence, expected) pairs of one front end; `name` is the part of the key after "melo."."""
    table = json.loads(_GOLDENS.read_text(encoding="utf-8"))
    return [(text, Spoken(**expected)) for text, expected in table[f"melo.{name}"]]


def melo_symbols() -> list[str]:
    table: dict[str, list[str]] = json.loads(_GOLDENS.read_text(encoding="utf-8"))
    return table["melo.symbols"]


def speak(
    text: str,
    normalize: Callable[[str], str],
    pronounce: Callable[[str, WordPieces], Pronunciation],
) -> Spoken:
    """One sentence through a front end, without a BERT tokenizer."""
    norm = normalize(text)
    sounds = pronounce(norm, plain_pieces)
    return Spoken(
        norm=norm,
        phones=["_", *sounds.phones, "_"],
        tones=[0, *sounds.tones, 0],
        word2ph=[1, *sounds.word2ph, 1],
    )
