"""Reading public checkpoints: containers, weight norm, and loading with nothing left to chance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from predictors.nn.checkpoint_errors import (
    CheckpointError,
    check_shapes,
    damaged_file,
    unreadable_file,
)

# The two spellings of weight norm: (gain, direction) beside the weight they stand for.
_WEIGHT_NORM_SUFFIXES = (
    ("weight_g", "weight_v", "weight"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1", "weight"),
)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint's outermost dict onto the CPU; nothing inside the file is executed.

    Raises CheckpointError for a file that is missing, damaged, no dict, or that holds anything
    but tensors and plain values (such a pickle could run code).
    """
    content = _read_plain(path)
    if not isinstance(content, dict):
        raise CheckpointError(
            f"'{path.name}' holds a {type(content).__name__}, not a dict of weights. "
            "Check that the model type and the file belong together."
        )
    return content


def fold_weight_norm(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Replace every weight-norm pair by its effective weight, v * g / |v|, in float32.

    The norm runs over all dimensions but the first. Plain weights stay as they are, floating
    point values become float32, and entries that are no tensors are left out.
    """
    folded: dict[str, Tensor] = {}
    for key, value in state.items():
        if not isinstance(value, Tensor):
            continue
        pair = _weight_norm_pair(key)
        if pair is None:
            folded[key] = value.float() if value.is_floating_point() else value
        elif key.endswith(pair[1]):
            prefix = key.removesuffix(pair[1])
            gain = state.get(prefix + pair[0])
            folded[prefix + pair[2]] = _effective_weight(key, gain, value)
    return folded


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], *, family: str) -> None:
    """Fill every parameter and buffer of `module` from `state`; keys it does not have are ignored.

    Raises CheckpointError that names `family` and the first keys that are missing or misshapen.
    """
    wanted = module.state_dict()
    found = {key: state[key] for key in state if isinstance(state[key], Tensor)}
    check_shapes({key: tuple(value.shape) for key, value in wanted.items()}, found, family=family)
    module.load_state_dict({key: state[key] for key in wanted})


def _read_plain(path: Path) -> object:
    try:
        content: object = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as exc:
        raise unreadable_file(path, exc) from exc
    except Exception as exc:
        # Torch answers a damaged file with whatever its parser trips over (struct, key, index,
        # type errors, seeks beyond its end, ...), so no shorter list than all of them is complete.
        raise damaged_file(path) from exc
    return content


def _weight_norm_pair(key: str) -> tuple[str, str, str] | None:
    """The spelling of weight norm that `key` belongs to, matched on whole name parts."""
    for pair in _WEIGHT_NORM_SUFFIXES:
        for suffix in pair[:2]:
            if key == suffix or key.endswith("." + suffix):
                return pair
    return None


def _effective_weight(key: str, gain: object, direction: Tensor) -> Tensor:
    shape = (direction.shape[0], *(1 for _ in direction.shape[1:])) if direction.dim() else ()
    if not isinstance(gain, Tensor) or gain.shape != shape:
        raise CheckpointError(
            f"The weight norm of '{key}' is incomplete: its gain is missing or has another shape "
            f"than {list(shape)}. Download the weight file again."
        )
    direction = direction.float()
    return direction * (gain.float() / torch.norm_except_dim(direction, 2, 0))
