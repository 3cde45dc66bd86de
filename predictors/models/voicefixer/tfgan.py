"""TFGAN vocoder of VoiceFixer: linear mel spectrograms to 44.1 kHz audio.

Tian et al., "TFGAN: Time and Frequency Domain Based Generative Adversarial Network", 2020
(arXiv:2011.12206), in the shape of the public VoiceFixer release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from contract.tasks import FloatArray
from predictors.nn.checkpoint import fold_weight_norm, load_strictly
from predictors.nn.checkpoint_errors import entry
from predictors.nn.padded import masked, reflect_pad, time_mask
from predictors.nn.transfer import batch_to_device

_SLOPE = 0.2  # of the leaky ReLUs between stages
_STACK_SLOPE = 0.01  # and inside residual stacks
_REACH = 3  # of the first and last convolution, which mirror

# The network hears decibels in [-4, 4]: 0 dB, less a margin of 20, down to -115.
_MIN_MAGNITUDE = 1e-5
_MARGIN_DB = 20.0
_RANGE_DB = 115.0
_LIMIT = 4.0
_TAIL_FRAMES = 4  # of silence, so that nothing rings into the end


@dataclass(frozen=True)
class TFGANConfig:
    """Sizes. The public release has no config file; the defaults are its one network."""

    n_mels: int = 128
    condition_channels: int = 512
    channels: int = 1024
    upsample_scales: tuple[int, ...] = (7, 7, 3, 3)
    stack_depth: int = 8

    @property
    def hop_length(self) -> int:
        """Samples for each mel frame."""
        return prod(self.upsample_scales)


class ConvPair(nn.ModuleDict):
    """A dilated and a plain convolution. Keys are the public layer numbers."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__(
            {
                "1": nn.Conv1d(channels, channels, 3, dilation=dilation, padding=dilation),
                "3": nn.Conv1d(channels, channels, 3, padding=1),
            }
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, T) to the same shape."""
        y = self["1"](masked(F.leaky_relu(x, _STACK_SLOPE), mask))
        refined: Tensor = self["3"](masked(F.leaky_relu_(y, _STACK_SLOPE), mask))
        return refined


class ResidualStack(nn.Module):
    """Pairs of convolutions whose reach triples from pair to pair."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([ConvPair(channels, 3**i) for i in range(depth)])

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, T) to the same shape; `x` is changed in place."""
        for pair in self.layers:
            x = x.add_(pair(x, mask))
        return x


class UpsampleNet(nn.Module):
    """Transposed convolution of x + sin(x). The file's `skip_conv` is not used by the release."""

    def __init__(self, channels: int, scale: int) -> None:
        super().__init__()
        self.layer = nn.ConvTranspose1d(
            channels,
            channels // 2,
            2 * scale,
            stride=scale,
            padding=scale // 2 + scale % 2,
            output_padding=scale % 2,
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, T) to (B, C / 2, T * scale)."""
        upsampled: Tensor = self.layer(masked(x.sin().add_(x), mask))
        return upsampled


class TFGAN(nn.Module):
    """Vocoder: linear magnitude mels to audio of `hop_length` samples a frame."""

    weights: Tensor

    def __init__(self, config: TFGANConfig | None = None) -> None:
        super().__init__()
        self.config = config or TFGANConfig()
        c = self.config
        self.condnet = nn.ModuleDict(
            {
                str(2 * i): nn.Conv1d(
                    c.condition_channels if i else c.n_mels, c.condition_channels, 3, padding=1
                )
                for i in range(5)
            }
        )
        self.generator = nn.ModuleDict(self._layers())
        weights = torch.from_numpy(mel_weights(c.n_mels))
        self.register_buffer("weights", weights, persistent=False)

    def _layers(self) -> dict[str, nn.Module]:
        """The generator's layers under their public numbers, which also count activations."""
        c = self.config
        layers: dict[str, nn.Module] = {"1": nn.Conv1d(c.condition_channels, c.channels, 7)}
        for i, scale in enumerate(c.upsample_scales):
            layers[str(3 + 3 * i)] = UpsampleNet(c.channels >> i, scale)
            layers[str(4 + 3 * i)] = ResidualStack(c.channels >> (i + 1), c.stack_depth)
        stages = len(c.upsample_scales)
        layers[str(4 + 3 * stages)] = nn.Conv1d(c.channels >> stages, 1, 7)
        return layers

    @classmethod
    def from_checkpoint(
        cls, checkpoint: Mapping[str, Any], config: TFGANConfig | None = None
    ) -> Self:
        """Build from the content of the public model.ckpt-1490000_trimed.pt."""
        network = cls(config)
        state = fold_weight_norm(entry(checkpoint, "generator"))
        load_strictly(network, state, family="the VoiceFixer vocoder (TFGAN)")
        return network.eval().requires_grad_(False)

    def forward(self, mels: Sequence[FloatArray | Tensor]) -> list[Tensor]:
        """Linear mels (n_mels, T_i) in main memory, T_i >= 1, to waveforms in [-1, 1].

        The silence that follows every mel is spoken too: (T_i + 4 + T_i % 2) * hop_length samples.
        """
        conditions, lengths = self.condition(mels)
        waves = self.generate(conditions, lengths)  # (B, samples)
        counts = (lengths * self.config.hop_length).tolist()
        return [wave[:count] for wave, count in zip(waves, counts, strict=True)]

    def condition(self, mels: Sequence[FloatArray | Tensor]) -> tuple[Tensor, Tensor]:
        """Linear mels (n_mels, T_i) to what the network hears, (B, n_mels, T), zeros behind the
        lengths T_i + 4 + T_i % 2. The zeros that mels are padded with become silence."""
        least = max(mel.shape[-1] for mel in mels) + _TAIL_FRAMES + 1
        padded, frames = batch_to_device(mels, self.weights.device, least=least)
        lengths = frames + _TAIL_FRAMES + frames % 2
        padded = padded[..., : int(lengths.max())]
        magnitudes = (padded / self.weights[:, None]).abs().clamp_(min=_MIN_MAGNITUDE)
        decibels = 20 * magnitudes.log10_() - _MARGIN_DB
        scaled = 2 * _LIMIT * (decibels + _RANGE_DB) / _RANGE_DB - _LIMIT
        heard = scaled.clamp_(-_LIMIT, _LIMIT)
        return masked(heard, time_mask(lengths, heard)), lengths

    def generate(self, conditions: Tensor, lengths: Tensor) -> Tensor:
        """Conditions (B, n_mels, T), zeros behind the ends, to (B, T * hop_length)."""
        x, mask = conditions, time_mask(lengths, conditions)
        for layer in self.condnet.values():
            x = masked(F.elu_(layer(x)), mask)
        first, *stages, last = self.generator.values()
        x = first(reflect_pad(x, lengths, _REACH))
        for up, stack, scale in zip(
            stages[::2], stages[1::2], self.config.upsample_scales, strict=True
        ):
            x = up(F.leaky_relu_(x, _SLOPE), time_mask(lengths, x))
            lengths = lengths * scale
            x = stack(x, time_mask(lengths, x))
        waves: Tensor = last(reflect_pad(F.leaky_relu_(x, _SLOPE), lengths, _REACH))
        return waves.tanh_()[:, 0]


def mel_weights(n_mels: int) -> NDArray[np.float32]:
    """The average spectrum that the network was trained to have divided out, (n_mels,)."""
    bands = np.arange(1, n_mels + 1)
    return np.asarray(18.8927416350036 * np.exp(0.0269863588184314 * bands), dtype=np.float32)
