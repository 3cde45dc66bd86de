"""Recordings made ready for a network, or refused: too short, silent, not finite."""

from __future__ import annotations

import numpy as np

from contract.audio.codec import Audio, resample
from contract.errors import InvalidAudio
from contract.tasks import FloatArray

_SILENT_PEAK = 1e-4
"""-80 dBFS: below the noise of any room and above the dither of a silent file."""


def audible(
    audio: Audio, sample_rate: int, *, min_samples: int, param: str = "audio"
) -> FloatArray:
    """Samples [n] at `sample_rate` within [-1, 1]; louder ones are scaled down as a whole.

    Raises InvalidAudio for fewer than `min_samples` at that rate, silence, or what is no sound.
    """
    if not np.isfinite(audio.samples).all():
        raise InvalidAudio(f"{param} holds samples that are not finite", param=param)
    samples = resample(audio, sample_rate).samples
    if len(samples) < min_samples:
        least_ms = -(-min_samples * 1000 // sample_rate)
        raise InvalidAudio(
            f"{param} is too short ({audio.duration_s * 1000:.0f} ms); send at least {least_ms} ms",
            param=param,
        )
    if is_silent(samples):
        raise InvalidAudio(f"{param} is silent; send a recording of speech", param=param)
    peak = np.abs(samples).max()
    return samples if peak <= 1 else samples / peak


def is_silent(samples: FloatArray) -> bool:
    return float(np.abs(samples).max(initial=0.0)) < _SILENT_PEAK
