"""Linear magnitude spectrograms, as VITS tone converters read them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from contract.tasks import FloatArray
from predictors.nn.padded import reflect_pad, time_mask
from predictors.nn.transfer import batch_to_device


class LinearSpectrogram(nn.Module):
    """Magnitudes of a short-time Fourier transform: no mel, no log, no normalisation.

    Reflects (n_fft - hop) / 2 samples at both ends, so a clip of L samples has L // hop frames.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        self.margin = (n_fft - hop) // 2
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def min_samples(self) -> int:
        """The shortest clip that has a frame and can be reflected."""
        return max(self.margin + 1, self.hop)

    def forward(self, clips: Sequence[FloatArray | Tensor]) -> tuple[Tensor, Tensor]:
        """Clips [L_i] in main memory -> spectrograms [B, n_fft // 2 + 1, T], zero beyond their
        lengths [B], which are on the CPU.

        Raises ValueError for a clip shorter than `min_samples`.
        """
        for clip in clips:
            self._check(clip)
        waves, samples = batch_to_device(clips, self.window.device)
        lengths = samples // self.hop
        reflected = reflect_pad(waves[:, None], samples, self.margin)[:, 0]
        magnitudes = self._magnitudes(reflected)[..., : int(lengths.max())]
        mask = time_mask(lengths, magnitudes)
        return (magnitudes if mask is None else magnitudes * mask), lengths

    def _check(self, clip: FloatArray | Tensor) -> None:
        if clip.shape[-1] < self.min_samples:
            raise ValueError(
                f"The audio has {clip.shape[-1]} samples, too few for a spectrogram. "
                f"Send at least {self.min_samples} samples."
            )

    def _magnitudes(self, padded: Tensor) -> Tensor:
        transform = torch.stft(
            padded,
            self.n_fft,
            self.hop,
            window=self.window,
            center=False,
            return_complex=True,
        )
        return (torch.view_as_real(transform).square().sum(-1) + 1e-6).sqrt()
