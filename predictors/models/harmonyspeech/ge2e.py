"""GE2E speaker encoder: mel windows of speech to one unit vector per speaker.

Wan et al., "Generalized End-to-End Loss for Speaker Verification", 2018 (arXiv:1710.10467). The
same layout serves HarmonySpeechEncoder (768 dims) and Resemblyzer's public weights (256 dims).
ge2e_onnx.py runs it on a CPU, ge2e_torch.py on a GPU.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from contract.tasks import FloatArray
from predictors.nn.checkpoint_errors import CheckpointError, check_shapes
from predictors.nn.public_config import config_from_public, read_config
from predictors.nn.torch_file import read_tensors


@dataclass(frozen=True)
class GE2EConfig:
    """Sizes, spelled as in the public config file."""

    mel_n_channels: int = 40
    model_hidden_size: int = 768
    model_num_layers: int = 3
    model_embedding_size: int = 768

    @classmethod
    def from_public(cls, config: Mapping[str, Any]) -> Self:
        """Read the `model` object of a public config.json."""
        return config_from_public(cls, config, section="model")

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Derive the sizes from weights that come without a config file, as Resemblyzer's do."""
        if "lstm.weight_ih_l0" not in state or "linear.weight" not in state:
            raise CheckpointError(
                "The file holds no GE2E encoder: 'lstm.weight_ih_l0' or 'linear.weight' is missing."
            )
        return cls(
            mel_n_channels=state["lstm.weight_ih_l0"].shape[1],
            model_hidden_size=state["linear.weight"].shape[1],
            model_num_layers=sum(key.startswith("lstm.weight_hh_l") for key in state),
            model_embedding_size=state["linear.weight"].shape[0],
        )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight of the network, by its public name."""
        gates, cells = 4 * self.model_hidden_size, self.model_hidden_size
        found: dict[str, tuple[int, ...]] = {}
        for layer in range(self.model_num_layers):
            width = cells if layer else self.mel_n_channels
            found[f"lstm.weight_ih_l{layer}"] = (gates, width)
            found[f"lstm.weight_hh_l{layer}"] = (gates, cells)
            found[f"lstm.bias_ih_l{layer}"] = (gates,)
            found[f"lstm.bias_hh_l{layer}"] = (gates,)
        found["linear.weight"] = (self.model_embedding_size, cells)
        found["linear.bias"] = (self.model_embedding_size,)
        return found


class Network(Protocol):
    """GE2E on some device."""

    @property
    def config(self) -> GE2EConfig: ...

    @property
    def size_bytes(self) -> int: ...

    def __call__(self, windows: FloatArray) -> FloatArray:
        """Mel windows [n, frames, n_mels] to unit vectors [n, dims]; zeros where none is heard."""
        ...

    def damaged(self) -> str | None:
        """Name of a weight that is not finite."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class GE2E:
    """The weights of a network, whole and of one size."""

    config: GE2EConfig
    weights: Mapping[str, FloatArray]
    """By their public names, shapes as `config.shapes()`."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> Self:
        """Of a public file's `model_state` and its config; without one, sizes are derived.

        Raises CheckpointError.
        """
        sizes = GE2EConfig.from_public(config) if config else GE2EConfig.from_state(state)
        if min(vars(sizes).values()) < 1:
            raise CheckpointError(
                "The config file describes no network that can be built: a size is below 1."
            )
        shapes = sizes.shapes()
        check_shapes(shapes, state, family="the GE2E speaker encoder")
        return cls(sizes, {name: np.asarray(state[name], np.float32) for name in shapes})

    def damaged(self) -> str | None:
        """Name of the first weight that holds NaN or infinity."""
        return next((k for k, one in self.weights.items() if not np.isfinite(one).all()), None)


def read_ge2e(place: Path, family: str) -> GE2E:
    """From a weight file, or a directory with config.json and encoder.pt.

    Raises CheckpointError, or ModelFailed that names the `family`.
    """
    if place.is_file():
        return GE2E.from_state(read_tensors(place, "model_state"))
    config = read_config(place / "config.json", family=family)
    return GE2E.from_state(read_tensors(place / "encoder.pt", "model_state"), config)
