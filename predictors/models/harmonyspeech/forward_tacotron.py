"""ForwardTacotron with a speaker vector: text to mel spectrogram in one parallel pass.

After Schäfer et al., "ForwardTacotron" (github.com/as-ideas/ForwardTacotron), with FastPitch-like
pitch and energy (Łańcucki, arXiv:2006.06873) and Tacotron's CBHG (Wang et al., arXiv:1703.10135).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from predictors.nn.checkpoint import fold_weight_norm, load_strictly
from predictors.nn.checkpoint_errors import entry
from predictors.nn.padded import masked, run_packed, time_mask
from predictors.nn.public_config import config_from_public
from predictors.nn.transfer import to_device, to_host

# Where the network predicts no duration at all, every symbol lasts two frames.
_FALLBACK_FRAMES = 2.0


@dataclass(frozen=True)
class ForwardTacotronConfig:
    """Hyper-parameters that inference needs, spelled as in the public config file."""

    num_chars: int
    embed_dims: int
    series_embed_dims: int
    speaker_embed_dims: int
    durpred_conv_dims: int
    durpred_rnn_dims: int
    pitch_conv_dims: int
    pitch_rnn_dims: int
    pitch_strength: float
    energy_conv_dims: int
    energy_rnn_dims: int
    energy_strength: float
    prenet_dims: int
    prenet_k: int
    prenet_num_highways: int
    rnn_dims: int
    postnet_dims: int
    postnet_k: int
    postnet_num_highways: int
    n_mels: int

    @classmethod
    def from_public(cls, config: Mapping[str, Any]) -> Self:
        """Read the `model` object of a public config.json."""
        return config_from_public(cls, config, section="model")


@dataclass(frozen=True)
class TextBatch:
    """Texts as symbol ids with the voice and the manner that each is to be spoken in."""

    ids: Tensor  # (B, N) int64, anything behind an item's end
    lengths: Tensor  # (B,) int64 on the CPU, each at least 1
    speakers: Tensor  # (B, speaker_embed_dims)
    speed: Tensor  # (B,) above 0; 2.0 speaks in half the time
    pitch_scale: Tensor  # (B,)
    energy_scale: Tensor  # (B,)


@dataclass(frozen=True)
class Prosody:
    """What each symbol gets; zeros behind an item's end."""

    durations: Tensor  # (B, N) frames, not rounded, on the CPU
    pitch: Tensor  # (B, 1, N)
    energy: Tensor  # (B, 1, N)


@dataclass(frozen=True)
class MelBatch:
    """Log-mel spectrograms, (B, n_mels, T); frames behind an item's length mean nothing."""

    coarse: Tensor  # before the post-net
    mels: Tensor
    lengths: Tensor  # (B,) int64 on the CPU

    def items(self) -> list[Tensor]:
        """One (n_mels, T_i) spectrogram per text."""
        return [mel[:, :n] for mel, n in zip(self.mels, self.lengths.tolist(), strict=True)]


class NormedConv(nn.Module):
    """Convolution without bias, optional ReLU, batch norm, in this unusual order."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, relu: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.bnorm = nn.BatchNorm1d(outputs)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T) to (B, outputs, T); even kernels look one frame further back."""
        y = self.conv(x)[:, :, : x.shape[-1]]
        normed: Tensor = self.bnorm(y.relu_() if self.relu else y)
        return normed


class SeriesPredictor(nn.Module):
    """One number per symbol: its duration, pitch or energy."""

    def __init__(self, chars: int, embed: int, speaker: int, conv: int, rnn: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(chars, embed)
        self.convs = nn.ModuleList(
            [NormedConv(embed + speaker, conv, 5), NormedConv(conv, conv, 5)]
            + [NormedConv(conv, conv, 5)]
        )
        self.rnn = nn.GRU(conv, rnn, batch_first=True, bidirectional=True)
        self.lin = nn.Linear(2 * rnn, 1)

    def forward(self, batch: TextBatch, mask: Tensor | None) -> Tensor:
        """Values (B, N), zeros behind the items' ends."""
        symbols = self.embedding(batch.ids)  # (B, N, embed)
        voice = batch.speakers[:, None].expand(-1, symbols.shape[1], -1)
        x = torch.cat([symbols, voice], dim=2).transpose(1, 2)  # (B, embed + speaker, N)
        for conv in self.convs:
            x = conv(masked(x, mask))
        x = run_packed(self.rnn, x.transpose(1, 2), batch.lengths)  # (B, N, 2 * rnn)
        return masked(self.lin(x).transpose(1, 2), mask)[:, 0]


class Highway(nn.Module):
    """A gate between a transformed and the unchanged input."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.W1 = nn.Linear(size, size)
        self.W2 = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, size) to the same shape."""
        return torch.lerp(x, self.W1(x).relu_(), self.W2(x).sigmoid_())


class CBHG(nn.Module):
    """Convolution bank, highways, bidirectional GRU."""

    def __init__(self, bank: int, inputs: int, channels: int, highways: int) -> None:
        super().__init__()
        self.conv1d_bank = nn.ModuleList(
            [NormedConv(inputs, channels, kernel) for kernel in range(1, bank + 1)]
        )
        self.conv_project1 = NormedConv(bank * channels, channels, 3)
        self.conv_project2 = NormedConv(channels, inputs, 3, relu=False)
        self.pre_highway = nn.Linear(inputs, channels, bias=False)
        self.highways = nn.ModuleList([Highway(channels) for _ in range(highways)])
        self.rnn = nn.GRU(channels, channels, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, lengths: Tensor, mask: Tensor | None) -> Tensor:
        """(B, inputs, T), zeros behind the ends, to (B, T, 2 * channels)."""
        bank = torch.cat([conv(x) for conv in self.conv1d_bank], dim=1)
        # Max pool of width 2 over the frame and the one before it: padding never looks back in.
        pooled = torch.cat([bank[:, :, :1], torch.maximum(bank[:, :, 1:], bank[:, :, :-1])], dim=2)
        y = self.conv_project1(masked(pooled, mask))
        y = self.conv_project2(masked(y, mask)) + x
        y = self.pre_highway(y.transpose(1, 2))  # (B, T, channels)
        for highway in self.highways:
            y = highway(y)
        return run_packed(self.rnn, y, lengths)


class ForwardTacotron(nn.Module):
    """Text and a speaker vector to log-mel spectrograms."""

    def __init__(self, config: ForwardTacotronConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        series = (c.num_chars, c.series_embed_dims, c.speaker_embed_dims)
        self.dur_pred = SeriesPredictor(*series, c.durpred_conv_dims, c.durpred_rnn_dims)
        self.pitch_pred = SeriesPredictor(*series, c.pitch_conv_dims, c.pitch_rnn_dims)
        self.energy_pred = SeriesPredictor(*series, c.energy_conv_dims, c.energy_rnn_dims)
        self.embedding = nn.Embedding(c.num_chars, c.embed_dims)
        self.prenet = CBHG(c.prenet_k, c.embed_dims, c.prenet_dims, c.prenet_num_highways)
        self.pitch_proj = nn.Conv1d(1, 2 * c.prenet_dims, 3, padding=1)
        self.energy_proj = nn.Conv1d(1, 2 * c.prenet_dims, 3, padding=1)
        self.lstm = nn.LSTM(
            2 * c.prenet_dims + c.speaker_embed_dims,
            c.rnn_dims,
            batch_first=True,
            bidirectional=True,
        )
        self.lin = nn.Linear(2 * c.rnn_dims, c.n_mels)
        self.postnet = CBHG(c.postnet_k, c.n_mels, c.postnet_dims, c.postnet_num_highways)
        self.post_proj = nn.Linear(2 * c.postnet_dims, c.n_mels, bias=False)

    @classmethod
    def from_checkpoint(cls, checkpoint: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        """Build from a public file's content and its config.json."""
        network = cls(ForwardTacotronConfig.from_public(config))
        state = fold_weight_norm(entry(checkpoint, "model_state"))
        load_strictly(network, state, family="ForwardTacotron")
        return network.eval().requires_grad_(False)

    def forward(self, batch: TextBatch) -> MelBatch:
        """Speak every text of the batch."""
        return self.decode(batch, self.prosody(batch))

    def prosody(self, batch: TextBatch) -> Prosody:
        """Durations divided by the speed, pitch and energy times their scales."""
        mask = time_mask(batch.lengths, batch.speakers.new_empty(batch.ids.shape))
        frames = self.dur_pred(batch, mask) / batch.speed[:, None]
        pitch = (self.pitch_pred(batch, mask) * batch.pitch_scale[:, None])[:, None]
        energy = (self.energy_pred(batch, mask) * batch.energy_scale[:, None])[:, None]
        (durations,) = to_host(frames)
        return Prosody(torch.from_numpy(durations), pitch, energy)

    def decode(self, batch: TextBatch, prosody: Prosody) -> MelBatch:
        """Spectrograms for texts whose prosody is given."""
        symbols = self._encode(batch, prosody)  # (B, N, 2 * prenet)
        frames, lengths = stretch(symbols, prosody.durations, batch.lengths)  # (B, T, 2 * prenet)
        voice = batch.speakers[:, None].expand(-1, frames.shape[1], -1)
        frames = run_packed(self.lstm, torch.cat([frames, voice], dim=2), lengths)
        coarse = self.lin(frames).transpose(1, 2)  # (B, n_mels, T)
        mask = time_mask(lengths, coarse)
        polished = self.postnet(masked(coarse, mask), lengths, mask)
        return MelBatch(coarse, self.post_proj(polished).transpose(1, 2), lengths)

    def _encode(self, batch: TextBatch, prosody: Prosody) -> Tensor:
        x = self.embedding(batch.ids).transpose(1, 2)  # (B, embed, N)
        mask = time_mask(batch.lengths, x)
        encoded: Tensor = self.prenet(masked(x, mask), batch.lengths, mask)  # (B, N, 2 * prenet)
        pitch: Tensor = self.pitch_proj(prosody.pitch)  # (B, 2 * prenet, N)
        energy: Tensor = self.energy_proj(prosody.energy)
        manner = pitch * self.config.pitch_strength + energy * self.config.energy_strength
        return encoded + manner.transpose(1, 2)


def stretch(symbols: Tensor, durations: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Repeat each symbol (B, N, C) for its frames: (B, T, C), lengths (B,). Durations (B, N) and
    lengths are on the CPU; frames behind an item's length mean nothing.

    Negative durations count as none; a text that would vanish lasts two frames a symbol.
    """
    inside = torch.arange(symbols.shape[1]) < lengths[:, None]
    durations = durations * inside
    vanishing = durations.long().sum(dim=1, keepdim=True) <= 0
    durations = torch.where(vanishing & inside, _FALLBACK_FRAMES, durations)
    repeats = (durations.clamp(min=0) + 0.5).long()  # (B, N)
    numbers = torch.arange(repeats.numel()).view_as(repeats)
    spoken = [own.repeat_interleave(times) for own, times in zip(numbers, repeats, strict=True)]
    index = pad_sequence(spoken, batch_first=True)  # (B, T)
    frames = symbols.flatten(0, 1).index_select(0, to_device(index.flatten(), symbols.device))
    return frames.view(*index.shape, -1), repeats.sum(dim=1)
