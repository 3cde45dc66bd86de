"""Real speech for tests, at the rate they ask for."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.audio.codec import resample
from transport.decoding.reading import decode

_DATA = Path(__file__).parents[1] / "data"


def jfk(sample_rate: int) -> NDArray[np.float32]:
    """11 s of John F. Kennedy, mono."""
    return clip("jfk", sample_rate)


def clip(name: str, sample_rate: int) -> NDArray[np.float32]:
    """A recording of tests/data, mono."""
    audio = decode((_DATA / f"{name}.flac").read_bytes(), max_bytes=1 << 24, max_seconds=60)
    return resample(audio, sample_rate).samples
