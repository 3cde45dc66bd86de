"""Log-mels of ForwardTacotron to 16 kHz audio by multi-band MelGAN."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from contract.tasks import FloatArray
from predictors.models.harmonyspeech.multiband_melgan import MultiBandMelGAN
from predictors.nn.precision import ReducedPrecision
from predictors.nn.vocoding import Vocoder

_WINDOW_FRAMES = 4096  # 51 s
_CONTEXT_FRAMES = 32  # the network hears 17 frames far, so windows join exactly
_RUN_FRAMES = 16_384  # 800 MB of activations


def melgan_vocoder(network: MultiBandMelGAN, device: torch.device, dtype: torch.dtype) -> Vocoder:
    """The network as a vocoder of mels [n_mels, T]."""

    def speak(mels: Sequence[FloatArray]) -> list[FloatArray]:
        with torch.inference_mode():
            waves = network([torch.tensor(mel, device=device, dtype=dtype) for mel in mels])
        return [wave.float().cpu().numpy() for wave in waves]

    return Vocoder(speak, network.config.hop_length, _WINDOW_FRAMES, _CONTEXT_FRAMES, _RUN_FRAMES)


def reduce_melgan(network: MultiBandMelGAN, dtype: torch.dtype) -> None:
    """Weights and sums in `dtype`; the bands are joined in float32."""
    network.melgan.to(dtype)
    network.pqmf = ReducedPrecision(network.pqmf, torch.float32)  # type: ignore[assignment]
