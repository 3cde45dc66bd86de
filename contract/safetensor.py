"""One float32 array in a safetensors file: how arrays travel inside JSON.

https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import numpy as np
import safetensors
from numpy.typing import NDArray

from contract.errors import InvalidRequest

_LONGEST_HEADER = 1024
"""The header of one array has about 80 bytes; a longer one could name a million empty arrays."""


def is_safetensor(data: bytes) -> bool:
    """Whether it begins as such a file does: u64 length of the header, and the header's brace."""
    return data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= _LONGEST_HEADER


def read_safetensor(data: bytes, *, param: str) -> tuple[str, NDArray[np.float32]]:
    """Name and content of the only array of a file. Raises InvalidRequest."""
    try:
        if not is_safetensor(data):
            raise ValueError("no such header")
        ((name, found),) = safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except (ValueError, safetensors.SafetensorError):
        raise InvalidRequest(
            f"{param} must be a safetensors file of one array, undamaged", param=param
        ) from None
    if found["dtype"] != "F32":
        raise InvalidRequest(f"{param} must hold float32", param=param)
    return name, np.frombuffer(found["data"], "<f4").reshape(found["shape"])
