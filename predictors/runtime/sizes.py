"""How much memory a value holds, as far as it is data."""

from __future__ import annotations

import dataclasses
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
    if dataclasses.is_dataclass(value):
        return sum(size_of(getattr(value, one.name)) for one in dataclasses.fields(value))
    if isinstance(value, dict):
        return sum(size_of(one) for one in value.values())
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], int | float):
            return _NUMBER_BYTES * len(value)
        return sum(size_of(one) for one in value)
    return _NUMBER_BYTES
