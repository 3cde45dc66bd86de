"""V2's binary spelling of tensors, checked before anything is allocated."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from contract.errors import InvalidRequest, shown
from contract.wire.message import MAX_ELEMENTS, MAX_NUMBERS, Parameters, Tensor

Side = Literal["inputs", "outputs"]
MAX_DIMENSIONS = 8
_LONGEST_NAME = 64


def raw_of(tensor: Tensor) -> bytes:
    """Little-endian numbers; BYTES elements behind their u32 length."""
    if isinstance(tensor.data, np.ndarray):
        return np.ascontiguousarray(tensor.data, "<f4").tobytes()
    elements = [item.encode() if isinstance(item, str) else item for item in tensor.data]
    return b"".join(part for item in elements for part in (len(item).to_bytes(4, "little"), item))


def checked_name(name: Any, side: str) -> str:
    if not isinstance(name, str) or not name:
        raise InvalidRequest(f"every tensor in {side} must be an object with a name", param=side)
    if len(name) > _LONGEST_NAME:
        raise InvalidRequest(
            f"tensor {shown(name)!r} has a name of {len(name)} characters; the most is "
            f"{_LONGEST_NAME}",
            param=shown(name),
        )
    return name


def checked_count(name: str, datatype: Any, shape: tuple[int, ...]) -> int:
    """How many elements a tensor has. Raises InvalidRequest for what no task could take."""
    if datatype not in ("BYTES", "FP32"):
        raise InvalidRequest(
            f"{name} has a datatype that is not taken; send FP32 or BYTES", param=name
        )
    count = math.prod(shape) if len(shape) <= MAX_DIMENSIONS else -1
    most = MAX_ELEMENTS if datatype == "BYTES" else MAX_NUMBERS
    if min(shape, default=0) < 0 or not 0 <= count <= most:
        raise InvalidRequest(
            f"{name} has shape {_spelled(shape)}; the most is {most} elements in "
            f"{MAX_DIMENSIONS} dimensions",
            param=name,
        )
    return count


def mismatch(name: str, shape: tuple[int, ...]) -> InvalidRequest:
    return InvalidRequest(
        f"{name} does not hold the data of its shape {_spelled(shape)}", param=name
    )


def _spelled(shape: tuple[int, ...]) -> str:
    """The first eight sizes, none longer than 20 digits."""
    sizes = [str(size) if abs(size) < 10**20 else "…" for size in shape[:MAX_DIMENSIONS]]
    return f"[{', '.join(sizes)}{', …' if len(shape) > MAX_DIMENSIONS else ''}]"


def tensor_from_raw(
    name: str,
    datatype: str,
    shape: tuple[int, ...],
    raw: bytes | memoryview,
    parameters: Parameters | None = None,
) -> Tensor:
    """Undo raw_of(). Raises InvalidRequest when the bytes do not fit the shape."""
    count = checked_count(name, datatype, shape)
    if datatype == "BYTES":
        return Tensor(name, datatype, shape, _split(name, raw, count), parameters or {})
    if len(raw) != count * 4:
        raise mismatch(name, shape)
    numbers = np.frombuffer(raw, "<f4").astype(np.float32)  # a copy: aligned, and without the body
    return Tensor(name, datatype, shape, numbers.reshape(shape), parameters or {})


def _split(name: str, raw: bytes | memoryview, count: int) -> tuple[bytes, ...]:
    items: list[bytes] = []
    at = 0
    while at + 4 <= len(raw) and len(items) < count:
        size = int.from_bytes(raw[at : at + 4], "little")
        items.append(bytes(raw[at + 4 : at + 4 + size]))
        at += 4 + size
    if at != len(raw) or len(items) != count:
        raise mismatch(name, (count,))
    return tuple(items)
