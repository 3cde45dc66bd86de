"""The last touch to synthetic speech: pauses between sentences and a safe peak."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

PAUSE_S = 0.15  # after every sentence
PEAK = 0.97  # just under full scale, so that no codec clips


def insert_pauses(
    samples: Samples, breaks: Sequence[int], *, hop_length: int, sample_rate: int
) -> Samples:
    """Append a pause to every piece; `breaks` are the pieces' lengths in mel frames.

    No breaks leave the audio as it is. Raises ValueError unless they add up to its frames.
    """
    if not len(breaks):
        return samples
    counts = np.asarray(breaks)
    if (counts < 0).any() or counts.sum() * hop_length != len(samples):
        raise ValueError(
            f"'breaks' add up to {counts.sum()} frames (none may be negative), but the mel has "
            f"{len(samples) // hop_length}. Send each sentence's number of frames."
        )
    pieces = np.split(samples, np.cumsum(counts)[:-1] * hop_length)
    pause = np.zeros(round(PAUSE_S * sample_rate), dtype=samples.dtype)
    return np.concatenate([part for piece in pieces for part in (piece, pause)])


def normalize_peak(samples: Samples, peak: float = PEAK) -> Samples:
    """Scale so that the loudest sample is `peak`; silence stays silence."""
    loudest = np.abs(samples).max(initial=0.0)
    return samples * np.float32(peak / loudest) if loudest > 0 else samples


def limit_peak(samples: Samples, limit: float = 1.0) -> Samples:
    """Scale down so that no sample exceeds `limit`; quieter audio stays as it is."""
    loudest = np.abs(samples).max(initial=0.0)
    return samples * np.float32(limit / loudest) if loudest > limit else samples
