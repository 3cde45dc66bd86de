"""ARPAbet phones of English words that no dictionary has, guessed letter by letter.

The weights are those of g2p_en (Apache-2.0), a GRU encoder and decoder of 256 units each, read as a
data file: importing that package would start a download.
"""

import string
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from predictors.text.load_once import load_once
from predictors.text.optional_library import library_file

Array = NDArray[np.float32]

_LETTERS = {letter: 3 + i for i, letter in enumerate(string.ascii_lowercase)}  # after pad, unk, end
_END_OF_WORD = 2
_START, _END = 2, 3
# fmt: off
_VOWELS = (
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
)
_CONSONANTS = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH",
    "T", "TH", "V", "W", "Y", "Z", "ZH",
)
# fmt: on
_STRESSED_VOWELS = [f"{vowel}{stress}" for vowel in _VOWELS for stress in "012"]
# The decoder's rows: four special ones, then the phones in alphabetical order; one vowel comes
# without a stress too.
_PHONES = ("", "", "", "", *sorted([*_STRESSED_VOWELS, *_CONSONANTS, "UW"]))
_MAX_PHONES = 20
_MAX_LETTERS = 100  # far beyond any word; the rest of a run of letters is not read


@dataclass(frozen=True)
class _Gru:
    """One gated recurrent unit; gates lie in the order reset, update, new (PyTorch's)."""

    embedding: Array  # (symbols, E)
    w_input: Array  # (3H, E)
    w_hidden: Array  # (3H, H)
    b_input: Array  # (3H,)
    b_hidden: Array  # (3H,)

    def step(self, symbol: int, hidden: Array) -> Array:
        """The next hidden state (H,)."""
        from_input = self.w_input @ self.embedding[symbol] + self.b_input
        from_hidden = self.w_hidden @ hidden + self.b_hidden
        reset_in, update_in, new_in = np.split(from_input, 3)
        reset_hidden, update_hidden, new_hidden = np.split(from_hidden, 3)
        reset = _sigmoid(reset_in + reset_hidden)
        update = _sigmoid(update_in + update_hidden)
        new = np.tanh(new_in + reset * new_hidden)
        state: Array = (1 - update) * new + update * hidden
        return state


@dataclass(frozen=True)
class _Weights:
    encoder: _Gru
    decoder: _Gru
    w_phone: Array  # (phones, H)
    b_phone: Array  # (phones,)


@lru_cache(maxsize=16_384)
def guess_phones(word: str) -> tuple[str, ...]:
    """ARPAbet of `word`, the letters a-z, with stress digits; at most 20 phones."""
    weights = _weights()
    hidden = np.zeros_like(weights.encoder.b_hidden[: weights.encoder.w_hidden.shape[1]])
    for symbol in [*(_LETTERS[letter] for letter in word[:_MAX_LETTERS]), _END_OF_WORD]:
        hidden = weights.encoder.step(symbol, hidden)
    phones: list[str] = []
    symbol = _START
    while len(phones) < _MAX_PHONES:
        hidden = weights.decoder.step(symbol, hidden)
        symbol = int(np.argmax(weights.w_phone @ hidden + weights.b_phone))
        if symbol == _END:
            break
        phones.append(_PHONES[symbol])
    return tuple(phones)


@load_once
def _weights() -> _Weights:
    with np.load(library_file("g2p_en", "checkpoint20.npz", "g2p-en")) as file:
        arrays: dict[str, Array] = {name: file[name] for name in file.files}
    return _Weights(
        encoder=_gru(arrays, "enc"),
        decoder=_gru(arrays, "dec"),
        w_phone=arrays["fc_w"],
        b_phone=arrays["fc_b"],
    )


def _gru(arrays: dict[str, Array], side: str) -> _Gru:
    names = ("emb", "w_ih", "w_hh", "b_ih", "b_hh")
    return _Gru(*(arrays[f"{side}_{name}"] for name in names))


def _sigmoid(x: Array) -> Array:
    y: Array = np.reciprocal(1 + np.exp(-x), dtype=np.float32)
    return y
