"""Recordings of any length to clean mels: segments of 30 s, in padded passes, joined in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from contract.tasks import FloatArray
from predictors.models.voicefixer.mel import HOP_LENGTH, SAMPLE_RATE
from predictors.models.voicefixer.unet import VoiceFixerRestorer
from predictors.nn.precision import ReducedPrecision
from predictors.nn.transfer import to_host

SEGMENT_SAMPLES = 30 * SAMPLE_RATE
"""What the original restores at a time. A whole number of frames, so segments join exactly."""
_MIN_SEGMENT_SAMPLES = SAMPLE_RATE
"""A shorter rest stays with the segment before it: alone it has too little to hear noise by."""
MAX_RUN_FRAMES = 6300
"""Padded frames in one pass on a CPU: two segments."""
RUN_BYTES = 1 << 30
"""The activations of so many frames."""


def mels(network: VoiceFixerRestorer, waves: Sequence[FloatArray]) -> list[FloatArray]:
    """One padded pass: the clean mel [T_i, 128] of each segment."""
    with torch.inference_mode():
        return to_host(*network(waves).items())


def frames(segment: FloatArray) -> int:
    """Of the mel of a segment [n]."""
    return 1 + len(segment) // HOP_LENGTH


def segments(recording: FloatArray) -> list[FloatArray]:
    """Parts of 30 s; the last is 1 to 31 s long, or all there is."""
    count = max((len(recording) - _MIN_SEGMENT_SAMPLES) // SEGMENT_SAMPLES, 0)
    return np.split(recording, [SEGMENT_SAMPLES * number for number in range(1, count + 1)])


def reduce_restorer(network: VoiceFixerRestorer, dtype: torch.dtype) -> None:
    """Run denoiser and U-Net, which hold all weights, in `dtype`; logarithms stay in float32."""
    parts = network.generator
    parts.denoiser = ReducedPrecision(parts.denoiser, dtype)  # type: ignore[assignment]
    parts.unet = ReducedPrecision(parts.unet, dtype)  # type: ignore[assignment]


def joined(mels: Sequence[FloatArray]) -> FloatArray:
    """[128, T] of a recording. A segment's last frame lies behind it: the next one's first."""
    inner = [mel[:-1] for mel in mels[:-1]]
    return np.ascontiguousarray(np.concatenate([*inner, mels[-1]]).T)
