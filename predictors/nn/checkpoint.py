"""Reading public checkpoints: containers, weight norm, and loading with nothing left to chance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from predictors.nn.checkpoint_hints import looks_like_another, owner_of

# The two spellings of weight norm: (gain, direction) beside the weight they stand for.
_WEIGHT_NORM_SUFFIXES = (
    ("weight_g", "weight_v", "weight"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1", "weight"),
)
_KEYS_SHOWN = 4


class CheckpointError(ValueError):
    """A weight file that cannot be used; the message names the file or family and the remedy."""


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


def entry(checkpoint: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The dict under checkpoint[names[0]][names[1]]..., where a container keeps its weights.

    Raises CheckpointError that names the entry which is missing.
    """
    found: Any = checkpoint
    for depth, name in enumerate(names, start=1):
        found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise CheckpointError(
                f"The weight file has no entry '{'.'.join(names[:depth])}'. "
                f"{looks_like_another(checkpoint)}"
            )
    return cast("Mapping[str, Any]", found)


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
    missing = [key for key in wanted if not isinstance(state.get(key), Tensor)]
    if missing:
        is_another = len(missing) > len(wanted) / 2 or owner_of(state) != owner_of(wanted)
        remedy = (
            looks_like_another(state)
            if is_another
            else "Check that the file is complete and from the same release as its config."
        )
        raise CheckpointError(
            f"{len(missing)} of {len(wanted)} weights that {family} needs are not in the file: "
            f"{_shorten(missing)}. {remedy}"
        )
    misshapen = [
        f"{key} {list(state[key].shape)} (expected {list(value.shape)})"
        for key, value in wanted.items()
        if state[key].shape != value.shape
    ]
    if misshapen:
        raise CheckpointError(
            f"The weights do not fit {family}: {_shorten(misshapen)}. "
            "Check that the config file and the weight file come from the same release."
        )
    module.load_state_dict({key: state[key] for key in wanted})


def _read_plain(path: Path) -> object:
    try:
        content: object = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as exc:
        raise CheckpointError(
            f"'{path.name}' cannot be opened: {exc.strerror or type(exc).__name__}. "
            "Check the model directory and its permissions."
        ) from exc
    except Exception as exc:
        # Torch answers a damaged file with whatever its parser trips over (struct, key, index,
        # type errors, seeks beyond its end, ...), so no shorter list than all of them is complete.
        raise CheckpointError(
            f"'{path.name}' is damaged, incomplete, or holds more than tensors and plain values, "
            "which is never loaded because it could run code. Download it again, or save its "
            "state dict alone with torch.save."
        ) from exc
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


def _shorten(entries: list[str]) -> str:
    shown = ", ".join(entries[:_KEYS_SHOWN])
    return (
        shown if len(entries) <= _KEYS_SHOWN else f"{shown}, and {len(entries) - _KEYS_SHOWN} more"
    )
