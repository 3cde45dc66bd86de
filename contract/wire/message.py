"""V2 tensors and messages without any framework, and their two spellings: JSON, and bytes.

In JSON the BYTES elements are text: plain for `text` and `details`, base64 for everything else. The
reader cannot tell which, so elements stay `str` until the field that they belong to is known.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from contract.errors import InvalidRequest

Parameters = dict[str, Any]
"""V2 parameters: string, number or boolean."""
Elements = tuple[bytes | str, ...]

MAX_NUMBERS = 1 << 25
"""Most elements of a numeric tensor: 128 MiB of float32, an hour of mel frames at 10 ms."""

_DTYPES = {
    "BOOL": "|b1",
    "UINT8": "|u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "|i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """`data` is an array of `shape`, or for BYTES a tuple: `str` as read from JSON, else bytes."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: NDArray[Any] | Elements
    parameters: Parameters = field(default_factory=dict)

    @property
    def is_bytes(self) -> bool:
        return self.datatype == "BYTES"

    def raw(self) -> bytes:
        """V2's binary spelling: little-endian numbers; BYTES elements behind their u32 length."""
        if isinstance(self.data, np.ndarray):
            return np.ascontiguousarray(self.data, _DTYPES[self.datatype]).tobytes()
        elements = [item.encode() if isinstance(item, str) else item for item in self.data]
        return b"".join(struct.pack("<I", len(item)) + item for item in elements)


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One V2 request or response without its envelope of ids."""

    tensors: tuple[Tensor, ...] = ()
    parameters: Parameters = field(default_factory=dict)


def tensor_from_raw(
    name: str,
    datatype: str,
    shape: tuple[int, ...],
    raw: bytes,
    parameters: Parameters | None = None,
) -> Tensor:
    """Read V2's binary spelling, as gRPC's raw_input_contents. Raises InvalidRequest."""
    count = _count(name, datatype, shape)
    if datatype == "BYTES":
        return Tensor(name, datatype, shape, _split(name, raw, count), parameters or {})
    dtype = np.dtype(_DTYPES[datatype])
    if len(raw) != count * dtype.itemsize:
        raise _mismatch(name, shape)
    return Tensor(name, datatype, shape, np.frombuffer(raw, dtype).reshape(shape), parameters or {})


def _split(name: str, raw: bytes, count: int) -> tuple[bytes, ...]:
    items: list[bytes] = []
    at = 0
    while at + 4 <= len(raw) and len(items) < count:
        (size,) = struct.unpack_from("<I", raw, at)
        items.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(raw) or len(items) != count:
        raise _mismatch(name, (count,))
    return tuple(items)


def _count(name: str, datatype: str, shape: tuple[int, ...]) -> int:
    if datatype != "BYTES" and datatype not in _DTYPES:
        raise InvalidRequest(f"{name} has a datatype that V2 does not know", param=name)
    count = math.prod(shape)
    if min(shape, default=0) < 0 or count > MAX_NUMBERS:
        raise InvalidRequest(
            f"{name} has shape {list(shape)[:8]}; the most is {MAX_NUMBERS} elements", param=name
        )
    return count


def _mismatch(name: str, shape: tuple[int, ...]) -> InvalidRequest:
    return InvalidRequest(f"{name} does not hold the data of its shape {list(shape)}", param=name)


# JSON ---------------------------------------------------------------------------------------


def request_to_json(model: str, message: Message, request_id: str) -> dict[str, Any]:
    """The body of `POST /v2/models/<model>/infer`, which names the model in its path."""
    return {
        "id": request_id,
        "parameters": message.parameters,
        "inputs": [_tensor_to_json(tensor) for tensor in message.tensors],
    }


def response_to_json(model: str, message: Message, request_id: str) -> dict[str, Any]:
    return {
        "model_name": model,
        "id": request_id,
        "parameters": message.parameters,
        "outputs": [_tensor_to_json(tensor) for tensor in message.tensors],
    }


def message_from_json(body: dict[str, Any], side: Literal["inputs", "outputs"]) -> Message:
    """Read a parsed V2 body. Raises InvalidRequest that names what is wrong."""
    tensors, parameters = body.get(side), body.get("parameters") or {}
    if not isinstance(tensors, list):
        raise InvalidRequest(f"{side} must be a list of tensors", param=side)
    if not isinstance(parameters, dict):
        raise InvalidRequest("parameters must be an object", param="parameters")
    return Message(tuple(_tensor_from_json(item, side) for item in tensors), dict(parameters))


def _tensor_to_json(tensor: Tensor) -> dict[str, Any]:
    if isinstance(tensor.data, np.ndarray):
        data: list[Any] = tensor.data.ravel().tolist()
    else:
        data = [item if isinstance(item, str) else _base64(item) for item in tensor.data]
    body: dict[str, Any] = {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
    }
    if tensor.parameters:
        body["parameters"] = tensor.parameters
    return body | {"data": data}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _tensor_from_json(item: Any, side: str) -> Tensor:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise InvalidRequest(f"every tensor in {side} must be an object with a name", param=side)
    name, datatype = item["name"], item.get("datatype")
    parameters = item.get("parameters") or {}
    if not isinstance(datatype, str) or not isinstance(parameters, dict):
        raise InvalidRequest(
            f"{name} needs a datatype, and its parameters in an object", param=name
        )
    shape = _shape(name, item.get("shape"))
    count = _count(name, datatype, shape)
    read = _elements if datatype == "BYTES" else _numbers
    return Tensor(
        name, datatype, shape, read(name, datatype, shape, count, item.get("data")), parameters
    )


def _shape(name: str, shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise InvalidRequest(f"{name} needs a shape: a list of whole numbers", param=name)
    return tuple(shape)


def _elements(name: str, _: str, shape: tuple[int, ...], count: int, data: Any) -> Elements:
    if not isinstance(data, list) or not all(isinstance(element, str) for element in data):
        raise InvalidRequest(f"{name} needs data: a list of strings", param=name)
    if len(data) != count:
        raise _mismatch(name, shape)
    return tuple(data)


def _numbers(
    name: str, datatype: str, shape: tuple[int, ...], count: int, data: Any
) -> NDArray[Any]:
    """Flat or nested lists; both are V2."""
    if not isinstance(data, list):
        raise InvalidRequest(f"{name} needs data: a list of numbers", param=name)
    try:
        array = np.asarray(data)
    except ValueError:  # ragged
        raise _mismatch(name, shape) from None
    if array.size != count:
        raise _mismatch(name, shape)
    wanted = np.dtype(_DTYPES[datatype])
    if array.size and (
        array.dtype.kind not in "iufb" or (array.dtype.kind == "b") != (wanted.kind == "b")
    ):
        raise InvalidRequest(f"{name} needs data: a list of numbers", param=name)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as not finite
        return array.astype(wanted).reshape(shape)


# Bytes --------------------------------------------------------------------------------------


def message_to_bytes(message: Message) -> bytes:
    """u32 length of a JSON head, the head, then every tensor's raw data."""
    raws = [tensor.raw() for tensor in message.tensors]
    tensors = [
        (tensor.name, tensor.datatype, tensor.shape, tensor.parameters, len(raw))
        for tensor, raw in zip(message.tensors, raws, strict=True)
    ]
    head = json.dumps({"tensors": tensors, "parameters": message.parameters}).encode()
    return struct.pack("<I", len(head)) + head + b"".join(raws)


def message_from_bytes(data: bytes) -> Message:
    """Undo message_to_bytes. Raises InvalidRequest when the bytes are not its work."""
    try:
        (length,) = struct.unpack_from("<I", data)
        head = json.loads(data[4 : 4 + length])
        at, tensors = 4 + length, []
        for name, datatype, shape, parameters, size in head["tensors"]:
            tensors.append(
                tensor_from_raw(name, datatype, tuple(shape), data[at : at + size], parameters)
            )
            at += size
        return Message(tuple(tensors), head["parameters"])
    except (struct.error, ValueError, KeyError, TypeError) as exc:
        raise InvalidRequest("these bytes hold no message") from exc
