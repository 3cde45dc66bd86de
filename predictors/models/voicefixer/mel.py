"""What VoiceFixer reads: 44.1 kHz audio to linear magnitude mel spectrograms.

Liu et al., "VoiceFixer", 2021 (arXiv:2109.13731). All of it is computed; checkpoints repeat it.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contract.tasks import FloatArray
from predictors.nn.padded import reflect_pad
from predictors.nn.transfer import batch_to_device

SAMPLE_RATE = 44_100
N_FFT = 2048
HOP_LENGTH = 441  # 10 ms
N_MELS = 128
_MIN_POWER = 1e-8


class VoiceFixerMel(nn.Module):
    """STFT magnitudes (centred, reflected, Hann) through triangular HTK mel filters."""

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        self.register_buffer("filters", torch.from_numpy(htk_filters()), persistent=False)

    def forward(self, waves: Sequence[FloatArray | Tensor]) -> tuple[Tensor, Tensor]:
        """Mono waveforms (L_i,) in main memory, L_i >= 1, to mels (B, T, 128) and their lengths
        1 + L_i // 441, on the CPU.

        Frames behind an item's length mean nothing. Waveforms too short to be mirrored by half a
        window are followed by silence first; their number of frames stays.
        """
        half = N_FFT // 2
        batch, samples = batch_to_device(waves, self.window.device, least=half + 1)
        lengths = 1 + samples // HOP_LENGTH
        mirrored = reflect_pad(batch[:, None], samples.clamp_min(half + 1), half)[:, 0]
        spectrum = torch.stft(
            mirrored, N_FFT, HOP_LENGTH, window=self.window, center=False, return_complex=True
        )  # (B, 1025, T)
        power = torch.view_as_real(spectrum).square_().sum(dim=-1)
        magnitudes = power.clamp_(min=_MIN_POWER).sqrt_()
        mels = magnitudes.transpose(1, 2) @ self.filters  # (B, T, 128)
        return mels[:, : int(lengths.max())], lengths


def htk_filters() -> NDArray[np.float32]:
    """128 triangles of height 1 on the HTK mel scale from 0 to 22050 Hz, (1025, 128)."""
    top_mel = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top_mel, N_MELS + 2) / 2595) - 1)  # Hz
    bins = np.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1)[:, None]  # (1025, 1)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
