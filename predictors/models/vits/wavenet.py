"""Non-causal WaveNet stack with a global condition, as VITS uses it inside flows and encoders.

Source: van den Oord et al., WaveNet (2016); Prenger et al., WaveGlow (2018).
"""

import torch
from torch import Tensor, nn

KERNEL = 5


class WaveNet(nn.Module):
    """Gated convolutions; every layer adds to a running state and to the sum of skips."""

    def __init__(self, channels: int, layers: int, speaker_channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.cond_layer = nn.Conv1d(speaker_channels, 2 * channels * layers, 1)
        self.in_layers = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, KERNEL, padding=KERNEL // 2) for _ in range(layers)
        )
        # The last layer has no successor, so it yields a skip only.
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(channels, channels if last else 2 * channels, 1)
            for last in (index == layers - 1 for index in range(layers))
        )

    def forward(self, x: Tensor, mask: Tensor, g: Tensor) -> Tensor:
        """x [B, C, T] already masked, mask [B, 1, T], speaker g [B, G, 1] -> [B, C, T]."""
        conditions = self.cond_layer(g).chunk(len(self.in_layers), dim=1)
        skips = torch.zeros_like(x)
        stack = zip(self.in_layers, self.res_skip_layers, conditions, strict=True)
        for conv, res_skip, condition in stack:
            filtered, gate = (conv(x) + condition).chunk(2, dim=1)
            output = res_skip(filtered.tanh() * gate.sigmoid())
            skips += output[:, -self.channels :]
            if output.shape[1] > self.channels:
                x = (x + output[:, : self.channels]) * mask
        return skips * mask
