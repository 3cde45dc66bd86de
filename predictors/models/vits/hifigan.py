"""HiFi-GAN generator: frames of latents to samples of audio.

Source: Kong et al., HiFi-GAN (2020), variant with residual blocks of type 1; conditioned on a
speaker as in Kim et al., VITS (2021). Runs under inference mode only: it works in place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from predictors.nn.padded import masked, time_mask

WINDOW_FRAMES = 512
_OUTER_KERNEL = 7
_SLOPE = 0.1
_LAST_SLOPE = 0.01  # the last activation was trained with torch's default slope


@dataclass(frozen=True)
class HifiGanConfig:
    """Sizes of a generator; the upsampling rates multiply to the samples of one frame."""

    in_channels: int
    initial_channels: int
    upsample_rates: tuple[int, ...]
    upsample_kernels: tuple[int, ...]
    resblock_kernels: tuple[int, ...]
    resblock_dilations: tuple[tuple[int, ...], ...]
    speaker_channels: int


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair with a residual path."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same_conv(channels, kernel, d) for d in dilations)
        self.convs2 = nn.ModuleList(_same_conv(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x [B, C, T] is masked; the result is not, and shares no memory with x."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            y = dilated(masked(F.leaky_relu(x, _SLOPE), mask))
            y = plain(masked(F.leaky_relu_(y, _SLOPE), mask))
            x = y.add_(x)
        return x


class HifiGan(nn.Module):
    """Generator whose results for a padded batch equal those of its items alone."""

    def __init__(self, config: HifiGanConfig, window: int = WINDOW_FRAMES) -> None:
        super().__init__()
        self.rates = config.upsample_rates
        self.samples_per_frame = prod(self.rates)
        self.window, self.reach = window, _reach(config)
        channels = [config.initial_channels >> stage for stage in range(len(self.rates) + 1)]
        self.conv_pre = nn.Conv1d(config.in_channels, channels[0], _OUTER_KERNEL, padding=3)
        self.cond = nn.Conv1d(config.speaker_channels, channels[0], 1)
        stages = zip(channels, channels[1:], config.upsample_kernels, self.rates, strict=False)
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(wide, narrow, kernel, rate, (kernel - rate) // 2)
            for wide, narrow, kernel, rate in stages
        )
        self.resblocks = nn.ModuleList(
            ResidualBlock(width, kernel, dilations)
            for width in channels[1:]
            for kernel, dilations in zip(
                config.resblock_kernels, config.resblock_dilations, strict=True
            )
        )
        self.conv_post = nn.Conv1d(channels[-1], 1, _OUTER_KERNEL, padding=3, bias=False)

    def forward(
        self, z: Tensor, lengths: Tensor | None, g: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """z [B, C, T] masked, lengths [B] in frames on the CPU, g [B, G, 1] -> audio
        [B, T * samples_per_frame]. With a mask [B, 1, T] in place of the lengths, all at once on
        any device."""
        if lengths is None:
            return self.generate(z, g, mask)
        if z.device.type == "cpu":
            return self.generate_in_windows(z, lengths, g)
        return self.generate(z, g, time_mask(lengths, z))

    def generate_in_windows(self, z: Tensor, lengths: Tensor, g: Tensor) -> Tensor:
        """Item by item, and long items piece by piece: what suits a CPU.

        One item fills all cores, padding costs nothing, and tensors stay small enough for the
        allocator to reuse their memory (a batch of 8 spent a third of its time in page faults).
        """
        audio = z.new_zeros(z.shape[0], z.shape[2] * self.samples_per_frame)
        for item, length in enumerate(lengths.tolist()):
            for start in range(0, length, self.window):
                stop = min(start + self.window, length)
                # With its neighbours in reach, a piece sounds as it does inside the whole.
                first, last = max(start - self.reach, 0), min(stop + self.reach, length)
                piece = self.generate(z[item : item + 1, :, first:last], g[item : item + 1])
                inside = slice(*(self.samples_per_frame * (at - first) for at in (start, stop)))
                whole = slice(*(self.samples_per_frame * at for at in (start, stop)))
                audio[item, whole] = piece[0, inside]
        return audio

    def generate(self, z: Tensor, g: Tensor, mask: Tensor | None = None) -> Tensor:
        """All of z [B, C, T] at once; `mask` [B, 1, T] marks the frames of a ragged batch.

        A convolution near the end of an item must see zeros, as it would without padding. So
        every convolution's input is masked, at the rate of its stage.
        """
        x = masked(self.conv_pre(z) + self.cond(g), mask)
        blocks = len(self.resblocks) // len(self.ups)
        for stage, (upsample, rate) in enumerate(zip(self.ups, self.rates, strict=True)):
            mask = None if mask is None else mask.repeat_interleave(rate, dim=-1)
            x = masked(upsample(F.leaky_relu_(x, _SLOPE)), mask)
            x = self._blend(x, mask, stage * blocks, blocks)
        return torch.tanh_(masked(self.conv_post(F.leaky_relu_(x, _LAST_SLOPE)), mask)).squeeze(1)

    def _blend(self, x: Tensor, mask: Tensor | None, first: int, count: int) -> Tensor:
        """Mean of one stage's residual blocks, masked."""
        total = self.resblocks[first](x, mask)
        for index in range(first + 1, first + count):
            total += self.resblocks[index](x, mask)
        return masked(total.div_(count), mask)


def _same_conv(channels: int, kernel: int, dilation: int) -> nn.Conv1d:
    padding = dilation * (kernel - 1) // 2
    return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=padding)


def _reach(config: HifiGanConfig) -> int:
    """How many frames to either side a sample depends on, rounded up."""
    outer = _OUTER_KERNEL // 2
    blocks = zip(config.resblock_kernels, config.resblock_dilations, strict=True)
    block = max(kernel // 2 * sum(d + 1 for d in dilations) for kernel, dilations in blocks)
    reach = outer
    stages = zip(config.upsample_kernels, config.upsample_rates, strict=True)
    for kernel, rate in reversed(list(stages)):
        reach = ceil((reach + block + kernel) / rate)
    return reach + outer
