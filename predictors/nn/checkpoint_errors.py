"""What is wrong with a weight file, and finding the weights in its containers. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from predictors.nn.checkpoint_hints import looks_like_another, owner_of

_KEYS_SHOWN = 4


class CheckpointError(ValueError):
    """A weight file that cannot be used; the message names the file or family and the remedy."""


def unreadable_file(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"'{path.name}' cannot be opened: {error.strerror or type(error).__name__}. "
        "Check the model directory and its permissions."
    )


def damaged_file(path: Path) -> CheckpointError:
    return CheckpointError(
        f"'{path.name}' is damaged, incomplete, or holds more than tensors and plain values, "
        "which is never loaded because it could run code. Download it again, or save its "
        "state dict alone with torch.save."
    )


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


def check_shapes(
    wanted: Mapping[str, tuple[int, ...]], state: Mapping[str, Any], *, family: str
) -> None:
    """Raise CheckpointError that names `family` and the first keys that are missing or misshapen.

    `state` holds arrays or tensors by key; keys that are not wanted are ignored.
    """
    missing = [key for key in wanted if key not in state]
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
        f"{key} {list(state[key].shape)} (expected {list(shape)})"
        for key, shape in wanted.items()
        if tuple(state[key].shape) != shape
    ]
    if misshapen:
        raise CheckpointError(
            f"The weights do not fit {family}: {_shorten(misshapen)}. "
            "Check that the config file and the weight file come from the same release."
        )


def _shorten(entries: list[str]) -> str:
    shown = ", ".join(entries[:_KEYS_SHOWN])
    return (
        shown if len(entries) <= _KEYS_SHOWN else f"{shown}, and {len(entries) - _KEYS_SHOWN} more"
    )
