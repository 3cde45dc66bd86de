"""The two duration predictors of VITS: a plain one and a stochastic one (a spline flow).

Source: Kim et al., VITS (2021), section 2.2.2 and appendix B. Sequences are [B, C, T], masks
[B, 1, T], speakers g [B, G, 1]; both predict log frames per phone, [B, 1, T].
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from predictors.models.vits.rational_quadratic_spline import invert_spline
from predictors.models.vits.relative_transformer import ChannelNorm

KERNEL = 3
PLAIN_FILTERS = 256
_SPLINE_BINS = 10
_DILATED_LAYERS = 3


class DurationPredictor(nn.Module):
    """Two normalised convolutions and a projection."""

    def __init__(self, channels: int, speaker_channels: int) -> None:
        super().__init__()
        self.cond = nn.Conv1d(speaker_channels, channels, 1)
        self.conv_1 = nn.Conv1d(channels, PLAIN_FILTERS, KERNEL, padding=KERNEL // 2)
        self.norm_1 = ChannelNorm(PLAIN_FILTERS)
        self.conv_2 = nn.Conv1d(PLAIN_FILTERS, PLAIN_FILTERS, KERNEL, padding=KERNEL // 2)
        self.norm_2 = ChannelNorm(PLAIN_FILTERS)
        self.proj = nn.Conv1d(PLAIN_FILTERS, 1, 1)

    def forward(self, x: Tensor, mask: Tensor, g: Tensor) -> Tensor:
        x = x + self.cond(g)
        x = self.norm_1(self.conv_1(x * mask).relu_())
        x = self.norm_2(self.conv_2(x * mask).relu_())
        log_frames: Tensor = self.proj(x * mask) * mask
        return log_frames


class DilatedSeparableConvs(nn.Module):
    """Depthwise convolutions of growing dilation, each followed by a 1x1, with residuals."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = range(_DILATED_LAYERS)
        self.convs_sep = nn.ModuleList(_depthwise(channels, KERNEL**layer) for layer in layers)
        self.convs_1x1 = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in layers)
        self.norms_1 = nn.ModuleList(ChannelNorm(channels) for _ in layers)
        self.norms_2 = nn.ModuleList(ChannelNorm(channels) for _ in layers)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        layers = zip(self.convs_sep, self.norms_1, self.convs_1x1, self.norms_2, strict=True)
        for depthwise, norm_1, pointwise, norm_2 in layers:
            y = F.gelu(norm_1(depthwise(x * mask)))
            x = x + F.gelu(norm_2(pointwise(y)))
        return x * mask


class SplineFlow(nn.Module):
    """Inverse coupling: the first channel decides how the second is bent."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = 1 / math.sqrt(channels)
        self.pre = nn.Conv1d(1, channels, 1)
        self.convs = DilatedSeparableConvs(channels)
        self.proj = nn.Conv1d(channels, 3 * _SPLINE_BINS - 1, 1)

    def forward(self, z: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """z [B, 2, T], condition [B, C, T] -> [B, 2, T]."""
        kept, bent = z.chunk(2, dim=1)
        h = self.convs(self.pre(kept) + condition, mask)
        h = (self.proj(h) * mask).transpose(1, 2)  # (B, T, 3 * bins - 1)
        widths, heights, derivatives = h.tensor_split((_SPLINE_BINS, 2 * _SPLINE_BINS), -1)
        bent = invert_spline(
            bent.squeeze(1), widths * self.scale, heights * self.scale, derivatives
        ).unsqueeze(1)
        return torch.cat((kept, bent), dim=1) * mask


class Affine(nn.Module):
    """Inverse of a shift and scale per channel."""

    def __init__(self) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(2, 1))
        self.logs = nn.Parameter(torch.zeros(2, 1))

    def forward(self, z: Tensor, mask: Tensor) -> Tensor:
        return (z - self.m) * torch.exp(-self.logs) * mask


class StochasticDurationPredictor(nn.Module):
    """Draws durations by running a flow backwards from noise.

    Checkpoints number the flows 0 to 8: the affine, then splines (odd) and channel flips (even).
    Inference leaves spline 1 out, as the original does, so it has no place here.
    """

    def __init__(self, channels: int, speaker_channels: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(channels, channels, 1)
        self.cond = nn.Conv1d(speaker_channels, channels, 1)
        self.convs = DilatedSeparableConvs(channels)
        self.proj = nn.Conv1d(channels, channels, 1)
        self.flows = nn.ModuleDict(
            {"0": Affine(), **{str(index): SplineFlow(channels) for index in (3, 5, 7)}}
        )

    def forward(self, x: Tensor, mask: Tensor, g: Tensor, noise: Tensor) -> Tensor:
        """`noise` [B, 2, T] is already scaled."""
        condition = self.proj(self.convs(self.pre(x) + self.cond(g), mask)) * mask
        z = noise * mask
        for index in ("7", "5", "3"):
            z = self.flows[index](z.flip(1), mask, condition)
        log_frames: Tensor = self.flows["0"](z.flip(1), mask)[:, :1]
        return log_frames


def _depthwise(channels: int, dilation: int) -> nn.Conv1d:
    padding = dilation * (KERNEL - 1) // 2
    return nn.Conv1d(
        channels, channels, KERNEL, groups=channels, dilation=dilation, padding=padding
    )
