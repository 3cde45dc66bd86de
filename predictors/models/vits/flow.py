"""The flow of VITS: invertible, from the latents of a voice to what the text predicts, and back.

Masked and padded as in network.py: x [B, channels, T], mask [B, 1, T], speakers g [B, G, 1].
"""

import torch
from torch import Tensor, nn

from predictors.models.vits.config import VitsConfig
from predictors.models.vits.relative_transformer import RelativeEncoder
from predictors.models.vits.wavenet import WaveNet

_COUPLINGS = 4
_KERNEL = 5
_WAVENET_LAYERS = 4


class Coupling(nn.Module):
    """Shifts the second half of the channels by what the first half and the speaker say."""

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        half, hidden = config.inter_channels // 2, config.hidden_channels
        self.pre = nn.Conv1d(half, hidden, 1)
        self.enc = _flow_network(config)
        self.post = nn.Conv1d(hidden, half, 1)

    def forward(self, x: Tensor, mask: Tensor, g: Tensor, direction: int) -> Tensor:
        """`direction` 1 shifts, -1 undoes it."""
        kept, moved = x.chunk(2, dim=1)
        h = self.enc(self.pre(kept) * mask, mask, g)
        return torch.cat((kept, moved * mask + direction * (self.post(h) * mask)), dim=1)


def _flow_network(config: VitsConfig) -> nn.Module:
    if not config.transformer_flow_layers:
        return WaveNet(config.hidden_channels, _WAVENET_LAYERS, config.gin_channels)
    return RelativeEncoder(
        config.hidden_channels,
        config.filter_channels,
        config.n_heads,
        config.transformer_flow_layers,
        _KERNEL,
        config.gin_channels,
    )


class Flow(nn.Module):
    """Couplings with channel flips between them, the speaker's way from latents to the prior.

    Checkpoints count the flips as flows of their own, hence the even numbers.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.flows = nn.ModuleDict({str(2 * i): Coupling(config) for i in range(_COUPLINGS)})

    def forward(self, x: Tensor, mask: Tensor, g: Tensor, *, inverse: bool) -> Tensor:
        """Latents to the prior, or back; x [B, inter, T]."""
        if inverse:
            for coupling in reversed(list(self.flows.values())):
                x = coupling(x.flip(1), mask, g, -1)
            return x
        for coupling in self.flows.values():
            x = coupling(x, mask, g, 1).flip(1)
        return x
