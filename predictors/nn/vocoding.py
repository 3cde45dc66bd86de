"""Mels of any length to waveforms: each is cut into windows, which are units of a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from contract.errors import InvalidRequest
from contract.tasks import FloatArray, VocodeInput
from predictors.nn.loading import refuse_damaged
from predictors.nn.mels import Window, check_mel, piece_lengths, windows
from predictors.runtime.model import Prepared, Unit


@dataclass(frozen=True, slots=True)
class CutMel:
    """How a request's mel was cut, and the frames of its pieces, which pauses follow."""

    windows: Sequence[Window]
    pieces: Sequence[int]


@dataclass(frozen=True, slots=True)
class WindowSizes:
    """How much of a mel a vocoder is given at a time."""

    frames: int
    context: int
    """What a window hears of its neighbours, so that no seam is heard."""

    def cut(self, request: VocodeInput, n_mels: int) -> Prepared[CutMel]:
        """A unit per window, [n_mels, frames]. Raises InvalidRequest for what is no such mel."""
        check_mel(request.mel, n_mels)
        frames = request.mel.shape[1]
        pieces = piece_lengths(request.pauses, frames)
        cut = windows(frames, size=self.frames, context=self.context)
        units = [Unit(request.mel[:, one.start : one.stop], one.frames) for one in cut]
        return Prepared(units, CutMel(cut, pieces))


def joined(
    cut: CutMel, waves: Sequence[FloatArray], hop_length: int, network: nn.Module
) -> FloatArray:
    """The samples [T * hop_length] of a mel, from the waves of its windows.

    Raises InvalidRequest when they are no numbers, CorruptWeights when the network is the cause.
    """
    parts = [one.kept(wave, hop_length) for one, wave in zip(cut.windows, waves, strict=True)]
    samples = np.concatenate(parts)
    if np.isfinite(samples).all():
        return samples
    refuse_damaged(network)
    raise InvalidRequest("mel holds numbers that are no speech", param="mel")
