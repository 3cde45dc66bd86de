"""VoiceFixer's analysis stage: the mel spectrogram of damaged speech to that of clean speech.

Liu et al., "VoiceFixer", 2021 (arXiv:2109.13731): a recurrent denoiser masks the mel, then a
residual U-Net (Kong et al., arXiv:2109.05418) rewrites it in the log domain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from contract.tasks import FloatArray
from predictors.models.voicefixer.mel import N_MELS, VoiceFixerMel
from predictors.nn.checkpoint import fold_weight_norm, load_strictly
from predictors.nn.padded import length_mask, run_packed

_SLOPE = 0.01  # of the U-Net's leaky ReLUs
_MIN_MEL = 1e-8
_MAX_LOG_MEL = 5.0


@dataclass(frozen=True)
class VoiceFixerUNetConfig:
    """Sizes. The public release has no config file; the defaults are its one network."""

    channels: tuple[int, ...] = (32, 64, 128, 256, 384, 384)
    denoiser_dims: tuple[int, int] = (256, 512)

    @property
    def time_multiple(self) -> int:
        """Every U-Net level halves the time axis once, so frames come in these portions."""
        return int(2 ** len(self.channels))


@dataclass(frozen=True)
class RestoredMel:
    """Linear mel spectrograms and the stages behind them, each (B, T, 128)."""

    clean: Tensor  # after the denoiser
    log_mel: Tensor  # log10 of the result
    mel: Tensor
    lengths: Tensor  # (B,) int64 on the CPU; frames behind them mean nothing

    def items(self) -> list[Tensor]:
        """One (T_i, 128) spectrogram per input."""
        return [mel[:n] for mel, n in zip(self.mel, self.lengths.tolist(), strict=True)]


class NormedGRU(nn.Module):
    """One scale and shift for everything, then two bidirectional GRU layers."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(1)
        self.gru = nn.GRU(size, size // 2, 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(B, 1, T, size) to the same shape."""
        return run_packed(self.gru, self.bn(x)[:, 0], lengths)[:, None]


class Denoiser(nn.ModuleDict):
    """A mask in (0, 1) for every mel value. Keys are the public layer numbers."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__(
            {
                "0": nn.BatchNorm2d(1),
                "1": nn.Linear(N_MELS, narrow),
                "3": nn.BatchNorm2d(1),
                "4": nn.Linear(narrow, wide),
                "7": NormedGRU(wide),
                "8": NormedGRU(wide),
                "9": nn.BatchNorm2d(1),
                "11": nn.Linear(wide, wide),
                "13": nn.BatchNorm2d(1),
                "15": nn.Linear(wide, N_MELS),
            }
        )

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, 128) to the same shape."""
        x = self["1"](self["0"](mel[:, None])).relu_()  # (B, 1, T, narrow)
        x = self["4"](self["3"](x)).relu_()
        x = self["8"](self["7"](x, lengths), lengths)  # (B, 1, T, wide)
        x = self["11"](self["9"](x).relu_())
        x = self["15"](self["13"](x).relu_())
        mask: Tensor = x.sigmoid_()[:, 0]
        return mask


class ConvBlockRes(nn.Module):
    """Two normalised 3x3 convolutions around a skip connection."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn2: nn.Module = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, inputs, T, F) to (B, outputs, T, F)."""
        y = self.conv1(_activated(self.bn1(x), mask))
        y = self.conv2(_activated(self.bn2(y), mask))
        total: Tensor = y.add_(self.shortcut(x))
        return total


def _activated(x: Tensor, mask: Tensor | None) -> Tensor:
    """Leaky ReLU of a fresh intermediate result, with zeros behind the items' ends."""
    x = F.leaky_relu_(x, _SLOPE)
    return x if mask is None else x.mul_(mask)


class EncoderBlock(nn.ModuleDict):
    """Four residual blocks, then half the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            {
                f"conv_block{i}": ConvBlockRes(inputs if i == 1 else outputs, outputs)
                for i in range(1, 5)
            }
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, inputs, T, F) to (B, outputs, T / 2, F // 2) and the same before pooling."""
        for block in self.values():
            x = block(x, mask)
        return F.avg_pool2d(x, 2), x


class DecoderBlock(nn.ModuleDict):
    """Twice the resolution, the encoder's view of it, then four residual blocks."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            {
                "bn1": nn.BatchNorm2d(inputs),
                "conv1": nn.ConvTranspose2d(inputs, outputs, 3, stride=2, bias=False),
            }
        )
        for i in range(2, 6):
            self[f"conv_block{i}"] = ConvBlockRes(2 * outputs if i == 2 else outputs, outputs)

    def forward(self, x: Tensor, skip: Tensor, mask: Tensor | None) -> Tensor:
        """(B, inputs, T, F) and skip (B, outputs, 2 T, 2 F + 1) to the latter's shape."""
        x = self["conv1"](self["bn1"](x).relu_())[:, :, :-1]  # (B, outputs, 2 T, 2 F + 1)
        x = torch.cat([x, skip], dim=1)
        for i in range(2, 6):
            x = self[f"conv_block{i}"](x, mask)
        return x


class UNet(nn.ModuleDict):
    """Residual U-Net over time and frequency. Keys are the public names."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.depth = len(channels)
        inputs = (2, *channels[:-1])
        outputs = (channels[-1], *reversed(channels))
        for i in range(self.depth):
            self[f"encoder_block{i + 1}"] = EncoderBlock(inputs[i], channels[i])
            self[f"decoder_block{i + 1}"] = DecoderBlock(outputs[i], outputs[i + 1])
        self["conv_block7"] = ConvBlockRes(channels[-1], channels[-1])
        self["after_conv_block1"] = ConvBlockRes(channels[0], channels[0])
        self["after_conv2"] = nn.Conv2d(channels[0], 1, 1)

    def forward(self, x: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
        """(B, 2, T, F) to (B, T, F); T is a multiple of 2 ** depth, one mask a level."""
        skips = []
        for i in range(self.depth):
            x, skip = self[f"encoder_block{i + 1}"](x, masks[i])
            skips.append(skip)
        x = self["conv_block7"](x, masks[self.depth])
        for i in range(self.depth):
            x = self[f"decoder_block{i + 1}"](x, skips.pop(), masks[self.depth - 1 - i])
        x = self["after_conv2"](self["after_conv_block1"](x, masks[0]))
        return x[:, 0]


class Generator(nn.Module):
    """Denoiser and U-Net, under the name that the public file gives the pair."""

    def __init__(self, config: VoiceFixerUNetConfig) -> None:
        super().__init__()
        self.denoiser = Denoiser(*config.denoiser_dims)
        self.unet = UNet(config.channels)


class VoiceFixerRestorer(nn.Module):
    """Damaged speech to the mel spectrogram of clean speech, mode 0 of the public tool."""

    def __init__(self, config: VoiceFixerUNetConfig | None = None) -> None:
        super().__init__()
        self.config = config or VoiceFixerUNetConfig()
        self.mel = VoiceFixerMel()
        self.generator = Generator(self.config)

    @classmethod
    def from_checkpoint(
        cls, checkpoint: Mapping[str, Any], config: VoiceFixerUNetConfig | None = None
    ) -> Self:
        """Build from the content of the public vf.ckpt, whose vocoder and filters are ignored."""
        network = cls(config)
        load_strictly(network, fold_weight_norm(checkpoint), family="the VoiceFixer restorer")
        network.eval().requires_grad_(False)
        fuse_norms(network)
        # Channels last is what fast convolutions want: 14 % less work on a CPU, more on a GPU.
        network.generator.unet.to(memory_format=torch.channels_last)
        return network

    def forward(self, waves: Sequence[FloatArray | Tensor]) -> RestoredMel:
        """Mono 44.1 kHz waveforms (L_i,) in main memory to clean spectrograms of 1 + L_i // 441
        frames."""
        return self.restore(*self.mel(waves))

    def restore(self, mel: Tensor, lengths: Tensor) -> RestoredMel:
        """Linear mels (B, T, 128), anything behind the lengths, to clean ones."""
        clean = self.generator.denoiser(mel, lengths).mul_(mel)
        log_clean = _to_log(clean)
        stacked = torch.stack([_to_log(mel), log_clean], dim=1)  # (B, 2, T, 128)
        log_mel = log_clean + self._rewrite(stacked, lengths)
        restored = torch.pow(10.0, log_mel.clamp(max=_MAX_LOG_MEL))
        return RestoredMel(clean=clean, log_mel=log_mel, mel=restored, lengths=lengths)

    def _rewrite(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Run the U-Net on (B, 2, T, 128) without the top mel bin, which comes back as zeros."""
        frames, multiple = x.shape[2], self.config.time_multiple
        x = x.mul_(_inside(lengths, frames, x))
        # Each item sees zeros up to its own next multiple; only what follows must stay hidden.
        portions = -(-lengths // multiple)
        x = F.pad(x[..., :-1], (0, 0, 0, int(portions.max()) * multiple - frames))
        masks = self._masks(portions, x)
        x = x.contiguous(memory_format=torch.channels_last)
        return F.pad(self.generator.unet(x, masks), (0, 1))[:, :frames]

    def _masks(self, portions: Tensor, x: Tensor) -> list[Tensor | None]:
        """One mask (B, 1, T_level, 1) a U-Net level, or None when every item is full."""
        depth = len(self.config.channels)
        if bool((portions == portions.max()).all()):
            return [None] * (depth + 1)
        per_portion = [2 ** (depth - level) for level in range(depth + 1)]
        most = int(portions.max())
        return [_inside(portions * n, most * n, x) for n in per_portion]


def fuse_norms(network: nn.Module) -> None:
    """Fold each norm that directly follows a convolution into it: one pass over memory less."""
    for block in network.modules():
        if isinstance(block, ConvBlockRes) and isinstance(block.bn2, nn.BatchNorm2d):
            block.conv1 = fuse_conv_bn_eval(block.conv1, block.bn2)
            block.bn2 = nn.Identity()


def _inside(lengths: Tensor, size: int, like: Tensor) -> Tensor:
    """1.0 on the items' frames, (B, 1, size, 1)."""
    return length_mask(lengths, size, like).unsqueeze(-1)


def _to_log(mel: Tensor) -> Tensor:
    return mel.clamp(min=_MIN_MEL).log10_()
