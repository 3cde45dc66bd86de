"""The GE2E speaker encoder in torch: for a GPU, and for halved weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contract.config import ModelConfig
from contract.tasks import FloatArray
from predictors.models.harmonyspeech.ge2e import GE2E, GE2EConfig, read_ge2e
from predictors.nn.cuda_graphs import Captured
from predictors.nn.device import first_damaged, size_bytes
from predictors.nn.loading import shared_network
from predictors.nn.precision import ReducedPrecision
from predictors.nn.transfer import to_device, to_host
from predictors.runtime.model import Weights


class TorchGE2E(nn.Module):
    """The network as a module, its weights under their public names."""

    def __init__(self, config: GE2EConfig) -> None:
        super().__init__()
        self.config = config
        self.lstm = nn.LSTM(
            config.mel_n_channels,
            config.model_hidden_size,
            config.model_num_layers,
            batch_first=True,
        )
        self.linear = nn.Linear(config.model_hidden_size, config.model_embedding_size)
        self._hear = Captured(self._vectors, timed=(False,), rates=(0,))

    @classmethod
    def of(cls, network: GE2E) -> Self:
        made = cls(network.config)
        made.load_state_dict({name: torch.from_numpy(w) for name, w in network.weights.items()})
        return made.eval().requires_grad_(False)

    def forward(self, windows: Tensor) -> Tensor:
        """Mel windows (N, frames, n_mels) to unit vectors (N, embedding)."""
        return self._hear(windows)[0]

    def _vectors(self, windows: Tensor) -> tuple[Tensor, ...]:
        _, (hidden, _) = self.lstm(windows)  # (layers, N, hidden)
        return (F.normalize(F.relu(self.linear(hidden[-1])), dim=1),)


@dataclass(frozen=True, slots=True)
class GE2EOnDevice:
    """A module where it runs."""

    module: TorchGE2E
    device: torch.device

    @property
    def config(self) -> GE2EConfig:
        return self.module.config

    @property
    def size_bytes(self) -> int:
        return size_bytes(self.module)

    def __call__(self, windows: FloatArray) -> FloatArray:
        with torch.inference_mode():
            made = self.module(to_device(torch.from_numpy(windows), self.device))
            (vectors,) = to_host(made)
        return vectors

    def damaged(self) -> str | None:
        return first_damaged(self.module)


def reduce_ge2e(network: TorchGE2E, dtype: torch.dtype) -> None:
    """Weights and sums in `dtype`; the unit vectors stay float32."""
    for name in ("lstm", "linear"):
        setattr(network, name, ReducedPrecision(getattr(network, name), dtype))


def shared_ge2e(config: ModelConfig, weights: Weights, place: Path) -> GE2EOnDevice:
    """What an entry with a GPU or 16-bit weights runs. Raises ModelFailed."""
    loaded = shared_network(
        config,
        weights,
        place,
        build=lambda: TorchGE2E.of(read_ge2e(place, config.model_type)),
        reduce=reduce_ge2e,
    )
    return GE2EOnDevice(loaded.network, loaded.device)
