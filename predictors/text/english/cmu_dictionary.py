"""The CMU Pronouncing Dictionary: American English words as ARPAbet phones.

The data is the unchanged `cmudict.dict` (BSD terms in data/cmudict.LICENSE): 126 thousand words.
"""

import gzip
from importlib.resources import files

from predictors.text.load_once import load_once

_VARIANT_MARK = "("  # "read(2)" is another way to say "read"
_COMMENT_MARK = " #"

Pronunciation = tuple[str, ...]
"""ARPAbet phones in upper case; vowels end in their stress: 0 none, 1 primary, 2 secondary."""


def pronunciations(word: str) -> tuple[Pronunciation, ...]:
    """Every pronunciation of `word` (lower case), the most usual first; () when it is unknown."""
    return tuple(tuple(line.split()) for line in _entries().get(word, ()))


def read_entries(file_name: str) -> dict[str, list[str]]:
    """Words and their pronunciations in a file of data/, which is in the dictionary's format."""
    data = files("predictors.text").joinpath("data", file_name).read_bytes()
    entries: dict[str, list[str]] = {}
    for line in gzip.decompress(data).decode("utf-8").splitlines():
        word, _, phones = line.partition(_COMMENT_MARK)[0].partition(" ")
        entries.setdefault(word.partition(_VARIANT_MARK)[0], []).append(phones)
    return entries


@load_once
def _entries() -> dict[str, list[str]]:
    return read_entries("cmudict.dict.gz")
