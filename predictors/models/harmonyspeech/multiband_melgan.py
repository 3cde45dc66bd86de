"""Multi-band MelGAN: log-mel spectrograms to audio, four bands at a quarter of the rate.

Yang et al., "Multi-band MelGAN", 2020 (arXiv:2005.05106); the bands are joined by a pseudo
quadrature mirror filter bank (Nguyen, "Near-perfect-reconstruction pseudo-QMF banks", 1994).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from contract.tasks import FloatArray
from predictors.nn.checkpoint import fold_weight_norm, load_strictly
from predictors.nn.checkpoint_errors import CheckpointError, entry
from predictors.nn.padded import masked, reflect_pad, time_mask
from predictors.nn.public_config import config_from_public
from predictors.nn.transfer import batch_to_device

_SLOPE = 0.2  # of every leaky ReLU
_MEL_SCALE = 4.0  # mels come in [-4, 4]; the network was trained on [-1, 1]
_SILENCE = -4.0

# Choices of the public config that this file implements; another value is another network.
_FIXED: Mapping[str, object] = {
    "bias": True,
    "nonlinear_activation": "LeakyReLU",
    "nonlinear_activation_params": {"negative_slope": _SLOPE},
    "pad": "ReflectionPad1d",
    "use_final_nonlinear_activation": True,
    "use_causal_conv": False,
}

_BANDS = 4
_PQMF_TAPS = 62
_PQMF_CUTOFF = 0.142  # of half the rate; tuned for 62 taps and 4 bands
_PQMF_BETA = 9.0


@dataclass(frozen=True)
class MultiBandMelGANConfig:
    """Hyper-parameters that inference needs, spelled as in the public config file."""

    in_channels: int
    out_channels: int  # bands
    kernel_size: int
    channels: int
    upsample_scales: tuple[int, ...]
    stack_kernel_size: int
    stacks: int

    @classmethod
    def from_public(cls, config: Mapping[str, Any]) -> Self:
        """Read the `model` object of a public config.json."""
        built = config_from_public(cls, config, section="model")
        given = config["model"]
        for name, value in {**_FIXED, "out_channels": _BANDS}.items():
            if given.get(name, value) != value:
                raise CheckpointError(
                    f"The config file's '{name}' is {given[name]!r}; only {value!r} is supported."
                )
        return built

    @property
    def hop_length(self) -> int:
        """Samples for each mel frame."""
        return self.out_channels * math.prod(self.upsample_scales)

    @property
    def min_frames(self) -> int:
        """Fewest frames for which every reflection padding has enough to mirror."""
        widest = self.stack_kernel_size ** (self.stacks - 1) * (self.stack_kernel_size - 1) // 2
        needed = [self.kernel_size // 2 + 1]
        for stage in range(1, len(self.upsample_scales) + 1):
            needed.append(widest // math.prod(self.upsample_scales[:stage]) + 1)
        return max(needed)


class ResidualStack(nn.Module):
    """Dilated convolution and a skip connection, both through 1x1 layers."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.reach = (kernel - 1) // 2 * dilation
        self.stack = nn.ModuleDict(
            {
                "2": nn.Conv1d(channels, channels, kernel, dilation=dilation),
                "4": nn.Conv1d(channels, channels, 1),
            }
        )
        self.skip_layer = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(B, C, T) to the same shape."""
        y = reflect_pad(F.leaky_relu(x, _SLOPE), lengths, self.reach)
        y = self.stack["4"](F.leaky_relu_(self.stack["2"](y), _SLOPE))
        joined: Tensor = y.add_(self.skip_layer(x))
        return joined


@dataclass(frozen=True)
class Stage:
    """Where one scale's layers stand in the public numbering, which also counts paddings."""

    up: str
    stacks: tuple[str, ...]
    scale: int


def stages_of(config: MultiBandMelGANConfig) -> list[Stage]:
    """Layer 1 is the first convolution; each scale is an activation, `up`, and its stacks."""
    width = 2 + config.stacks
    return [
        Stage(
            up=str(3 + width * depth),
            stacks=tuple(str(4 + width * depth + stack) for stack in range(config.stacks)),
            scale=scale,
        )
        for depth, scale in enumerate(config.upsample_scales)
    ]


class MultiBandMelGAN(nn.Module):
    """Vocoder: log-mels in [-4, 4] to audio of `hop_length` samples a frame."""

    def __init__(self, config: MultiBandMelGANConfig) -> None:
        super().__init__()
        self.config = config
        self.reach = (config.kernel_size - 1) // 2
        self.stages = stages_of(config)
        self.last = str(4 + (2 + config.stacks) * len(self.stages))
        self.melgan = nn.ModuleDict(self._layers())
        self.pqmf = PQMF()

    def _layers(self) -> dict[str, nn.Module]:
        c = self.config
        layers: dict[str, nn.Module] = {"1": nn.Conv1d(c.in_channels, c.channels, c.kernel_size)}
        channels = c.channels
        for stage in self.stages:
            layers[stage.up] = _upsampling(channels, stage.scale)
            channels //= 2
            for depth, stack in enumerate(stage.stacks):
                kernel = c.stack_kernel_size
                layers[stack] = ResidualStack(channels, kernel, dilation=kernel**depth)
        layers[self.last] = nn.Conv1d(channels, c.out_channels, c.kernel_size)
        return layers

    @classmethod
    def from_checkpoint(cls, checkpoint: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        """Build from a public file's content and its config.json."""
        network = cls(MultiBandMelGANConfig.from_public(config))
        state = fold_weight_norm(entry(checkpoint, "model", "generator"))
        load_strictly(network, state, family="multi-band MelGAN")
        return network.eval().requires_grad_(False)

    def forward(self, mels: Sequence[FloatArray | Tensor]) -> list[Tensor]:
        """Spectrograms (n_mels, T_i) in main memory, T_i >= 1, to waveforms (T_i * hop_length,).

        The network needs `min_frames` to mirror: shorter input is followed by silence and cut.
        """
        weight = next(self.melgan.parameters())
        batch, lengths = batch_to_device([self._long_enough(mel) for mel in mels], weight.device)
        bands, band_lengths = self.bands(batch.to(weight.dtype), lengths)
        waves = self.pqmf(masked(bands, time_mask(band_lengths, bands)))  # (B, samples)
        return [
            wave[: mel.shape[-1] * self.config.hop_length]
            for wave, mel in zip(waves, mels, strict=True)
        ]

    def bands(self, mels: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, n_mels, T) to the bands (B, 4, T * hop_length / 4), and their lengths."""
        x = self.melgan["1"](reflect_pad(mels / _MEL_SCALE, lengths, self.reach))
        for stage in self.stages:
            x = masked(F.leaky_relu_(x, _SLOPE), time_mask(lengths, x))
            x = self.melgan[stage.up](x)  # (B, C / 2, T * scale)
            lengths = lengths * stage.scale
            for stack in stage.stacks:
                x = self.melgan[stack](x, lengths)
        x = self.melgan[self.last](reflect_pad(F.leaky_relu_(x, _SLOPE), lengths, self.reach))
        return x.tanh_(), lengths

    def _long_enough(self, mel: FloatArray | Tensor) -> FloatArray | Tensor:
        missing = self.config.min_frames - mel.shape[-1]
        if missing <= 0:
            return mel
        return np.pad(np.asarray(mel), ((0, 0), (0, missing)), constant_values=_SILENCE)


def _upsampling(channels: int, scale: int) -> nn.ConvTranspose1d:
    return nn.ConvTranspose1d(
        channels,
        channels // 2,
        2 * scale,
        stride=scale,
        padding=scale // 2 + scale % 2,
        output_padding=scale % 2,
    )


class PQMF(nn.Module):
    """Joins four bands to the full rate. Its filters are computed, no checkpoint holds them."""

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        # A transposed convolution reads its filters back to front.
        filters = torch.from_numpy(pqmf_synthesis_filters()[:, None, ::-1].copy())
        self.register_buffer("filters", filters * _BANDS, persistent=False)

    def forward(self, bands: Tensor) -> Tensor:
        """(B, 4, T) to (B, 4 * T)."""
        joined = F.conv_transpose1d(
            bands, self.filters, stride=_BANDS, padding=_PQMF_TAPS // 2, output_padding=_BANDS - 1
        )
        return joined[:, 0]


def pqmf_synthesis_filters() -> NDArray[np.float32]:
    """Cosine-modulated Kaiser-windowed low-pass, (4, 63)."""
    time = np.arange(_PQMF_TAPS + 1) - _PQMF_TAPS / 2
    lowpass = _PQMF_CUTOFF * np.sinc(_PQMF_CUTOFF * time) * np.kaiser(len(time), _PQMF_BETA)
    band = np.arange(_BANDS)[:, None]
    phase = (2 * band + 1) * np.pi / (2 * _BANDS) * time - (-1.0) ** band * np.pi / 4
    return np.asarray(2 * lowpass * np.cos(phase), dtype=np.float32)
