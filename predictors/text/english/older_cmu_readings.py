"""First pronunciations as the MeloTTS voices learned them, from an older edition of the CMU data.

data/cmudict-older.dict.gz holds only the 3.5 thousand words whose first pronunciation changed since
("were" was W ER0), in the format of the main dictionary.
"""

import gzip
from importlib.resources import files

from predictors.text.english.cmu_dictionary import Pronunciation, pronunciations
from predictors.text.load_once import load_once


def first_pronunciation(word: str) -> Pronunciation | None:
    """ARPAbet of `word` (lower case); None when neither edition has it."""
    older = _older_readings().get(word)
    if older is not None:
        return tuple(older.split())
    return next(iter(pronunciations(word)), None)


@load_once
def _older_readings() -> dict[str, str]:
    data = files("predictors.text").joinpath("data", "cmudict-older.dict.gz").read_bytes()
    lines = gzip.decompress(data).decode("utf-8").splitlines()
    return {word: phones for word, _, phones in (line.partition(" ") for line in lines)}
