"""Reference encoder: a spectrogram of any length to one speaker embedding.

Source: Skerry-Ryan et al., Towards End-to-End Prosody Transfer (2018), as OpenVoice sizes it.
"""

from typing import TypeVar

from torch import Tensor, nn

from predictors.nn.padded import time_mask
from predictors.nn.transfer import to_device

_FILTERS = (32, 32, 64, 64, 128, 128)
_STATE = 128
_Size = TypeVar("_Size", int, Tensor)


class ReferenceEncoder(nn.Module):
    """Strided 2-D convolutions over time and frequency, then the last state of a GRU."""

    def __init__(self, bins: int, embedding_size: int) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(bins)
        channels = (1, *_FILTERS)
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1)
            for before, after in zip(channels, channels[1:], strict=False)
        )
        for _ in _FILTERS:
            bins = _halved(bins)
        self.gru = nn.GRU(_FILTERS[-1] * bins, _STATE, batch_first=True)
        self.proj = nn.Linear(_STATE, embedding_size)

    def forward(self, spec: Tensor, lengths: Tensor) -> Tensor:
        """spec [B, bins, T], lengths [B] in frames on the CPU, at least 1 -> embeddings
        [B, G, 1]."""
        x = self.layernorm(spec.transpose(1, 2)).unsqueeze(1)  # (B, 1, T, bins)
        # Frames beyond an item's end must be the zeros its own padding would be.
        x = _cut(x, lengths)
        for conv in self.convs:
            lengths = _halved(lengths)
            x = _cut(conv(x).relu_(), lengths)
        states, _ = self.gru(x.transpose(1, 2).flatten(2))  # (B, T / 64, state)
        ends = to_device(lengths - 1, states.device)[:, None, None].expand(-1, 1, _STATE)
        last = states.gather(1, ends)[:, 0]  # (B, state)
        embedding: Tensor = self.proj(last)
        return embedding.unsqueeze(-1)


def _halved(size: _Size) -> _Size:
    """Length after one convolution of stride 2."""
    return (size + 1) // 2


def _cut(x: Tensor, lengths: Tensor) -> Tensor:
    """Zero the frames of x [B, C, T, F] beyond the lengths [B]."""
    mask = time_mask(lengths, x[..., 0])
    return x if mask is None else x * mask.unsqueeze(-1)
