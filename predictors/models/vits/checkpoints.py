"""A config.json and a checkpoint.pth of OpenVoice or MeloTTS, made into a network or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from contract.errors import ModelFailed
from predictors.models.vits.config import VitsConfig
from predictors.nn.checkpoint import (
    CheckpointError,
    entry,
    fold_weight_norm,
    load_strictly,
    read_checkpoint,
)
from predictors.nn.device import first_damaged
from predictors.nn.precision import reduce_precision
from predictors.nn.torch_checkpoint import read_config
from predictors.runtime.out_of_memory import is_out_of_memory

N = TypeVar("N", bound=nn.Module)

_OWNERS = {
    "ref_enc.": "an OpenVoice tone converter",
    "enc_p.tone_emb.": "a MeloTTS voice",
    "enc_p.": "an OpenVoice voice",
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Two files that belong together, and whose they should be."""

    family: str
    """For messages: the model type that wants them."""
    folder: Path

    @property
    def weights(self) -> Path:
        return self.folder / "checkpoint.pth"

    def config(self) -> Mapping[str, Any]:
        """The parsed config.json. Raises ModelFailed."""
        return read_config(self.folder / "config.json", family=self.family)

    def sizes(self) -> VitsConfig:
        """The sizes of the network. Raises ModelFailed that names the key that is not usable."""
        config = self.config()
        try:
            return VitsConfig.from_public(config)
        except CheckpointError as exc:
            raise ModelFailed(f"{self.family}: {exc}") from exc

    def network(
        self, kind: Callable[[VitsConfig], N], device: torch.device, dtype: torch.dtype
    ) -> N:
        """The network with these weights, ready for inference.

        Raises ModelFailed that names the family, and the keys that are missing or do not fit.
        """
        sizes = self.sizes()
        try:
            state = fold_weight_norm(entry(read_checkpoint(self.weights), "model"))
            network = kind(sizes)
            self._fill(network, state)
        except CheckpointError as exc:
            raise ModelFailed(f"{self.family}: {exc}") from exc
        except (RuntimeError, ArithmeticError, ValueError, TypeError, IndexError) as exc:
            if is_out_of_memory(exc):
                raise
            # Sizes that no layer can have, each refused by another class of torch's errors.
            raise ModelFailed(
                f"{self.family}: config.json describes no network that can be built; "
                "download it again"
            ) from exc
        damaged = first_damaged(network)
        if damaged is not None:
            raise ModelFailed(
                f"{self.family}: {damaged} holds NaN or infinity; download checkpoint.pth again"
            )
        reduce_precision(network, dtype)
        return network.to(device).eval()

    def _fill(self, network: nn.Module, state: Mapping[str, Tensor]) -> None:
        try:
            load_strictly(network, state, family=self.family)
        except CheckpointError as exc:
            found = _looks_like(state)
            if found == _looks_like(network.state_dict()):
                raise
            raise CheckpointError(f"{exc} The file holds {found}.") from exc


def _looks_like(state: Mapping[str, Tensor]) -> str:
    """Whose weights these are, by a part that the others do not have."""
    return next(
        (owner for part, owner in _OWNERS.items() if any(key.startswith(part) for key in state)),
        "the weights of another network",
    )
