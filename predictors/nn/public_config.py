"""Hyper-parameters from public config files: every field checked, the rest of the file ignored."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from contract.errors import ModelFailed
from predictors.nn.checkpoint_errors import CheckpointError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    C = TypeVar("C", bound="DataclassInstance")
else:
    C = TypeVar("C")


def read_config(path: Path, *, family: str) -> Mapping[str, Any]:
    """The object in a public config.json. Raises ModelFailed."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ModelFailed(
            f"{family}: {path.name} cannot be opened ({exc.strerror}); it lies beside the weights "
            "in the public layout"
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise ModelFailed(f"{family}: {path.name} is no JSON; download it again") from exc
    if not isinstance(config, dict):
        raise ModelFailed(f"{family}: {path.name} holds no object; download it again")
    return config


def config_from_public(kind: type[C], config: Mapping[str, Any], *, section: str) -> C:
    """Build the dataclass `kind` from config[section], whose names its fields carry.

    Fields are int, float, bool or a tuple of ints. Raises CheckpointError that names the field.
    """
    values = config.get(section)
    if not isinstance(values, Mapping):
        raise CheckpointError(f"The config file has no object '{section}'. Check the model type.")
    known = {field.name: field.type for field in fields(kind) if field.name in values}
    missing = [field.name for field in fields(kind) if field.init and field.name not in values]
    if missing:
        raise CheckpointError(
            f"The config file lacks '{section}.{missing[0]}'. Check the model type."
        )
    return kind(**{name: _plain(values[name], type_, name) for name, type_ in known.items()})


def _plain(value: object, type_: object, name: str) -> object:
    if type_ is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type_ is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if type_ is bool and isinstance(value, bool):
        return value
    if type_ == tuple[int, ...] and isinstance(value, list | tuple):
        return tuple(_plain(item, int, name) for item in value)
    raise CheckpointError(f"The config file's '{name}' is {value!r}, which is not usable.")
