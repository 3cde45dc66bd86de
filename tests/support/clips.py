"""Real speech for tests, at the rate they ask for."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.audio.codec import resample
from transport.decoding.reading import decode

_DATA = Path(__file__).parents[1] / "data"


def jfk(sample_rate: int) -> NDArray[np.float32]:
    """11 s of John F. Kennedy, mono."""
    clip = decode((_DATA / "jfk.flac").read_bytes(), max_bytes=1 << 24, max_seconds=60)
    return resample(clip, sample_rate).samples
