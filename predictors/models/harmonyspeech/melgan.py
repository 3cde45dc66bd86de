"""Log-mels of ForwardTacotron to 16 kHz audio by multi-band MelGAN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from contract.tasks import FloatArray
from predictors.models.harmonyspeech.multiband_melgan import MultiBandMelGAN
from predictors.nn.precision import ReducedPrecision
from predictors.nn.transfer import to_host
from predictors.nn.vocoding import WindowSizes

WINDOWS = WindowSizes(frames=4096, context=32)
"""51 s. The network hears 17 frames far, so windows join exactly."""
MAX_RUN_FRAMES = 16_384
"""Padded frames in one pass: 800 MB of activations."""


@dataclass(frozen=True, slots=True)
class Vocoder:
    """The network, where it lies."""

    network: MultiBandMelGAN

    @property
    def n_mels(self) -> int:
        return self.network.config.in_channels

    @property
    def hop_length(self) -> int:
        return self.network.config.hop_length

    def waves(self, mels: Sequence[FloatArray]) -> list[FloatArray]:
        """One padded pass: mels [n_mels, T_i] to waves of T_i * hop_length samples."""
        with torch.inference_mode():
            return to_host(*self.network(mels))


def reduce_melgan(network: MultiBandMelGAN, dtype: torch.dtype) -> None:
    """Weights and sums in `dtype`; the bands are joined in float32."""
    network.melgan.to(dtype)
    network.pqmf = ReducedPrecision(network.pqmf, torch.float32)  # type: ignore[assignment]
