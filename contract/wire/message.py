"""V2 tensors and messages, whatever carries them, checked before anything is allocated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from contract.errors import InvalidRequest, shown

Parameters = dict[str, Any]
"""V2 parameters: string, number or boolean."""
Elements = tuple[bytes | str, ...]
Side = Literal["inputs", "outputs"]

MAX_NUMBERS = 1 << 25
"""Most elements of a numeric tensor: 128 MiB of float32, an hour of mel frames at 10 ms."""
MAX_ELEMENTS = 64
"""Most elements of a BYTES tensor; every task takes one."""
MAX_DIMENSIONS = 8
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """`data` is float32 of `shape`, or for BYTES a tuple: `str` as read from JSON, else bytes."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: NDArray[np.float32] | Elements
    parameters: Parameters = field(default_factory=dict)

    @property
    def is_bytes(self) -> bool:
        return self.datatype == "BYTES"

    def raw(self) -> bytes:
        """V2's binary spelling: little-endian numbers; BYTES elements behind their u32 length."""
        if isinstance(self.data, np.ndarray):
            return np.ascontiguousarray(self.data, "<f4").tobytes()
        elements = [item.encode() if isinstance(item, str) else item for item in self.data]
        return b"".join(
            part for item in elements for part in (len(item).to_bytes(4, "little"), item)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One V2 request or response."""

    tensors: tuple[Tensor, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    request_id: str = ""
    wanted: Mapping[str, bool | None] = field(default_factory=dict)
    """Outputs that a request names, all if none; True: as a binary tensor; None: as the rest."""
    wants_binary: bool = False

    def answered_with(self, answer: Message) -> Message:
        """What `answer` holds of the outputs that this request names. Raises InvalidRequest."""
        known = {tensor.name for tensor in answer.tensors}
        for name in self.wanted:
            if name not in known:
                raise InvalidRequest(
                    f"output {shown(name)!r} is not among: {', '.join(sorted(known))}",
                    param="outputs",
                )
        kept = tuple(one for one in answer.tensors if not self.wanted or one.name in self.wanted)
        return Message(kept, answer.parameters, self.request_id)

    def is_binary(self, output: str) -> bool:
        """Whether this request wants that output as a binary tensor."""
        own = self.wanted.get(output)
        return self.wants_binary if own is None else own


# Checks before anything is allocated ----------------------------------------------------------


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
    """Undo Tensor.raw(). Raises InvalidRequest when the bytes do not fit the shape."""
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
