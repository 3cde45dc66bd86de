"""A config.json and a checkpoint.pth of OpenVoice or MeloTTS, made into a network or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from contract.config import ModelConfig
from predictors.models.vits.config import VitsConfig
from predictors.nn.checkpoint import fold_weight_norm, load_strictly, read_checkpoint
from predictors.nn.checkpoint_errors import entry
from predictors.nn.loading import Loaded, shared_network
from predictors.nn.precision import reduce_precision
from predictors.nn.public_config import read_config
from predictors.runtime.model import Weights

N = TypeVar("N", bound=nn.Module)


def shared_vits(
    kind: Callable[[VitsConfig], N],
    folder: Path,
    config: ModelConfig,
    weights: Weights,
    *,
    part: str,
    dtype: torch.dtype | None = None,
) -> Loaded[N]:
    """The network `kind` with the weights of `folder`, shared by all who want the same `part`.

    `dtype` replaces the entry's. Raises ModelFailed that names the model type, and the entries of
    the files that are wrong.
    """
    family = config.model_type

    def build() -> N:
        sizes = VitsConfig.from_public(read_config(folder / "config.json", family=family))
        state = fold_weight_norm(entry(read_checkpoint(folder / "checkpoint.pth"), "model"))
        network = kind(sizes)
        load_strictly(network, state, family=family)
        return network

    return shared_network(
        config, weights, folder, build=build, reduce=reduce_precision, part=part, dtype=dtype
    )
