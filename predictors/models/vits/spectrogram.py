"""Linear magnitude spectrograms, as VITS tone converters read them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence


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

    def forward(self, clips: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Clips [L_i] -> spectrograms [B, n_fft // 2 + 1, T], zero beyond their lengths [B].

        Raises ValueError for a clip shorter than `min_samples`.
        """
        for clip in clips:
            self._check(clip)
        lengths = torch.tensor([clip.shape[-1] // self.hop for clip in clips])
        lengths = lengths.to(self.window.device)
        # Each clip is reflected at its own end before the common padding.
        reflected = [F.pad(c[None], (self.margin, self.margin), "reflect")[0] for c in clips]
        padded = pad_sequence(reflected, batch_first=True)
        magnitudes = self._magnitudes(padded)[..., : int(lengths.max())]
        frames = torch.arange(magnitudes.shape[-1], device=lengths.device)
        return magnitudes * (frames < lengths[:, None])[:, None], lengths

    def _check(self, clip: Tensor) -> None:
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
