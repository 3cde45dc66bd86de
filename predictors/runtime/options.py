"""The `options:` of a config entry, read into a frozen dataclass of the model type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from contract.config import InvalidConfig, ModelConfig

Options = TypeVar("Options")


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For model types of which the common keys of an entry are all there is to configure."""


def read_options(kind: type[Options], config: ModelConfig) -> Options:
    """`config.options` as a `kind`; absent keys keep its defaults.

    Raises InvalidConfig for a key that `kind` has not, or a value of another type.
    """
    types = get_type_hints(kind)
    for name, value in config.options.items():
        if name not in types:
            raise InvalidConfig(
                f"{config.name}: options.{name} is unknown to {config.model_type}; "
                f"it knows: {', '.join(types)}"
            )
        if not _fits(value, types[name]):
            raise InvalidConfig(
                f"{config.name}: options.{name} must be a {types[name].__name__}, not {value!r}"
            )
    return kind(**config.options)


def _fits(value: Any, wanted: type) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)
