"""How much memory a value holds, as far as it is data."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

_NUMBER_BYTES = 8


def size_of(value: Any) -> int:
    """Bytes of arrays, tensors, texts and numbers in dataclasses, sequences and mappings.

    A view counts in full: it keeps all of what it looks at in memory.
    """
    nbytes = getattr(value, "nbytes", None)
    if isinstance(nbytes, int):  # numpy's arrays and torch's tensors
        return nbytes
    if isinstance(value, str | bytes):
        return len(value)
    if names := _field_names(type(value)):  # type: ignore[arg-type]  # mypy takes no class for hashable
        return sum(size_of(getattr(value, name)) for name in names)
    if isinstance(value, dict):
        return sum(size_of(one) for one in value.values())
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], int | float):
            return _NUMBER_BYTES * len(value)
        return sum(size_of(one) for one in value)
    return _NUMBER_BYTES


@lru_cache(maxsize=256)
def _field_names(kind: type) -> tuple[str, ...]:
    """None of a class that is no dataclass. Every request asks, in the event loop."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(field.name for field in dataclasses.fields(kind))
