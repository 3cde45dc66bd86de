"""Transformer encoder over channels-first sequences with a window of relative positions.

Source: Kim et al., VITS (2021), after Shaw et al., Self-Attention with Relative Position
Representations (2018). Sequences are [B, C, T], masks [B, 1, T] with 1 for a real position.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW = 4  # positions further apart than this have no relative embedding
SPEAKER_LAYER = 2  # the speaker enters in front of this layer
_HIDDEN_SCORE = -1e4  # the value the checkpoints were trained with; exp() of it is 0


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of [B, C, T]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.transpose(1, -1)  # (B, T, C)
        return F.layer_norm(rows, self.gamma.shape, self.gamma, self.beta, 1e-5).transpose(1, -1)


class RelativeAttention(nn.Module):
    """Self-attention whose scores and values also depend on the distance, up to WINDOW."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        size = (1, 2 * WINDOW + 1, channels // heads)
        self.emb_rel_k = nn.Parameter(torch.zeros(size))
        self.emb_rel_v = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor, hidden_keys: Tensor) -> Tensor:
        """`hidden_keys` [B, 1, 1, T] is True where a key must not be looked at."""
        query, key, value = (
            self._split(conv(x)) for conv in (self.conv_q, self.conv_k, self.conv_v)
        )
        query = query / math.sqrt(query.shape[-1])  # (B, heads, T, C / heads)

        scores = F.pad(query @ key.transpose(-2, -1), (WINDOW, WINDOW))
        _band(scores).add_(query @ self.emb_rel_k.transpose(-2, -1))
        scores = scores[..., WINDOW:-WINDOW].masked_fill(hidden_keys, _HIDDEN_SCORE)

        weights = scores.softmax(-1)  # (B, heads, T, T)
        mixed = weights @ value + _band(F.pad(weights, (WINDOW, WINDOW))) @ self.emb_rel_v
        joined: Tensor = self.conv_o(mixed.transpose(-2, -1).reshape(x.shape))
        return joined

    def _split(self, x: Tensor) -> Tensor:
        batch, channels, length = x.shape
        return x.view(batch, self.heads, channels // self.heads, length).transpose(-2, -1)


def _band(padded: Tensor) -> Tensor:
    """A view [B, heads, T, 2 * WINDOW + 1] of the scores near the diagonal, by distance.

    `padded` [B, heads, T, T + 2 * WINDOW] is contiguous and has WINDOW extra columns on both
    sides, so that every row has its full window: row t starts at column t.
    """
    batch, heads, length, columns = padded.shape
    return padded.as_strided(
        (batch, heads, length, 2 * WINDOW + 1),
        (heads * length * columns, length * columns, columns + 1, 1),
    )


class FeedForward(nn.Module):
    """Two convolutions of the same kernel with a ReLU between them."""

    def __init__(self, channels: int, filter_channels: int, kernel: int) -> None:
        super().__init__()
        self.padding = ((kernel - 1) // 2, kernel // 2)
        self.conv_1 = nn.Conv1d(channels, filter_channels, kernel)
        self.conv_2 = nn.Conv1d(filter_channels, channels, kernel)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.conv_1(F.pad(x * mask, self.padding)).relu_()
        x = self.conv_2(F.pad(x * mask, self.padding))
        return x * mask


class RelativeEncoder(nn.Module):
    """Post-norm encoder layers; with `speaker_channels`, the speaker enters before layer 2."""

    def __init__(
        self,
        channels: int,
        filter_channels: int,
        heads: int,
        layers: int,
        kernel: int,
        speaker_channels: int = 0,
    ) -> None:
        super().__init__()
        if speaker_channels:
            self.spk_emb_linear = nn.Linear(speaker_channels, channels)
        self.has_speaker = bool(speaker_channels)
        self.attn_layers = nn.ModuleList(RelativeAttention(channels, heads) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(
            FeedForward(channels, filter_channels, kernel) for _ in range(layers)
        )
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor, g: Tensor) -> Tensor:
        """x [B, C, T], mask [B, 1, T], speaker g [B, G, 1] -> [B, C, T]."""
        hidden_keys = mask.unsqueeze(1) == 0
        layers = zip(
            self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True
        )
        x = x * mask
        for index, (attention, norm_1, feed_forward, norm_2) in enumerate(layers):
            if self.has_speaker and index == SPEAKER_LAYER:
                x = (x + self.spk_emb_linear(g.transpose(1, 2)).transpose(1, 2)) * mask
            x = norm_1(x + attention(x, hidden_keys))
            x = norm_2(x + feed_forward(x, mask))
        return x * mask
