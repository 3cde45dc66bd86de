"""The bodies of V2 REST: JSON, and JSON followed by binary tensors.

In JSON the BYTES elements are text: plain for `text` and `details`, base64 for everything else. The
reader cannot tell which, so elements stay `str` until the field that they belong to is known.

Binary tensors: triton-inference-server/server, docs/protocol/extension_binary_data.md; KServe's
SDK writes and reads the same (kserve/protocol/infer_type.py, from_bytes and to_rest).
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from contract.base64_text import to_base64
from contract.errors import InvalidRequest
from contract.json_guard import read_json
from contract.wire.message import Elements, Message, Tensor
from transport.v2_tensors import (
    Side,
    checked_count,
    checked_name,
    mismatch,
    raw_of,
    tensor_from_raw,
)

HEADER_LENGTH = "inference-header-content-length"
"""The HTTP header that tells the size of the JSON where binary tensors follow it."""
_SIZE, _BINARY, _ALL_BINARY = "binary_data_size", "binary_data", "binary_data_output"


# Reading bodies -------------------------------------------------------------------------------


def message_from_body(body: bytes, header_length: str | None, side: Side) -> Message:
    """A body of V2 REST. `header_length`: the header HEADER_LENGTH, absent for JSON alone.

    Raises InvalidRequest that names what is wrong.
    """
    size = len(body) if header_length is None else _header_size(header_length, len(body))
    document = read_json(body[:size], named_by="name")
    if not isinstance(document, dict):
        raise InvalidRequest("the body must be a V2 object in JSON", param="body")
    return message_from_json(document, side, memoryview(body)[size:])


def _header_size(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
        raise InvalidRequest(
            f"{HEADER_LENGTH} must be the size of the JSON in bytes", param=HEADER_LENGTH
        )
    return int(text)


def message_from_json(
    body: dict[str, Any], side: Side, binary: bytes | memoryview = b""
) -> Message:
    """Read a parsed V2 body and the bytes that follow it. Raises InvalidRequest."""
    parameters = dict(_object(body, "parameters", "parameters"))
    wants_binary = parameters.pop(_ALL_BINARY, False)
    tensors, at = [], 0
    for item in _list(body, side):
        taken = memoryview(binary)[at:]
        tensor, size = _read_tensor(item, side, taken)
        tensors.append(tensor)
        at += size
    if at != len(binary):
        raise InvalidRequest(
            f"the body holds {len(binary)} bytes of binary tensors; their {_SIZE} say {at}",
            param="body",
        )
    request_id = body.get("id")
    return Message(
        tuple(tensors),
        parameters,
        request_id[:200] if isinstance(request_id, str) else "",
        _wanted(body) if side == "inputs" else {},
        wants_binary is True,
    )


def _wanted(body: dict[str, Any]) -> dict[str, bool | None]:
    wanted: dict[str, bool | None] = {}
    items = body.get("outputs") or []
    if not isinstance(items, list):
        raise InvalidRequest("outputs must be a list of objects with a name", param="outputs")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise InvalidRequest("outputs must be objects with a name", param="outputs")
        binary = _object(item, "parameters", "outputs").get(_BINARY)
        wanted[item["name"]] = binary if isinstance(binary, bool) else None
    return wanted


def _list(body: dict[str, Any], side: str) -> list[Any]:
    items = body.get(side)
    if not isinstance(items, list):
        raise InvalidRequest(f"{side} must be a list of tensors", param=side)
    return items


def _object(owner: dict[str, Any], key: str, param: str) -> dict[str, Any]:
    value = owner.get(key) or {}
    if not isinstance(value, dict):
        raise InvalidRequest(f"{key} must be an object", param=param)
    return value


def _read_tensor(item: Any, side: str, binary: memoryview) -> tuple[Tensor, int]:
    """A tensor, and how many of the binary bytes are its own."""
    name = checked_name(item.get("name") if isinstance(item, dict) else None, side)
    datatype, shape = item.get("datatype"), item.get("shape")
    parameters = dict(_object(item, "parameters", name))
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise InvalidRequest(f"{name} needs a shape: a list of whole numbers", param=name)
    shape = tuple(shape)
    size = parameters.pop(_SIZE, None)
    if size is not None:
        if type(size) is not int or not 0 <= size <= len(binary) or item.get("data") is not None:
            raise InvalidRequest(
                f"{name} needs {_SIZE}, the bytes after the JSON that are its own, and no data",
                param=name,
            )
        return tensor_from_raw(name, datatype, shape, binary[:size], parameters), size
    count = checked_count(name, datatype, shape)
    read = _elements if datatype == "BYTES" else _numbers
    return Tensor(name, datatype, shape, read(name, shape, count, item.get("data")), parameters), 0


def _elements(name: str, shape: tuple[int, ...], count: int, data: Any) -> Elements:
    if not isinstance(data, list) or not all(isinstance(element, str) for element in data):
        raise InvalidRequest(f"{name} needs data: a list of strings", param=name)
    if len(data) != count:
        raise mismatch(name, shape)
    return tuple(data)


def _numbers(name: str, shape: tuple[int, ...], count: int, data: Any) -> NDArray[np.float32]:
    """Flat or nested lists; both are V2. Every value is known to be a number before numpy sees it:
    numpy would make room for the longest string times their number."""
    flat = data if isinstance(data, list) else [data]
    while flat and type(flat[0]) is list:
        if any(type(row) is not list or len(row) != len(flat[0]) for row in flat):
            raise mismatch(name, shape)
        flat = list(chain.from_iterable(flat))
    if not isinstance(data, list) or not set(map(type, flat)) <= {int, float}:
        raise InvalidRequest(f"{name} needs data: a list of numbers", param=name)
    if len(flat) != count:
        raise mismatch(name, shape)
    try:
        with np.errstate(over="ignore"):  # what overflows is refused as not finite
            return np.array(flat, np.float64).astype(np.float32).reshape(shape)
    except OverflowError:
        raise InvalidRequest(f"{name} holds numbers that are not finite", param=name) from None


# Writing bodies -------------------------------------------------------------------------------


def request_body(message: Message) -> tuple[bytes, int]:
    """The body of `POST /v2/models/<model>/infer` with binary tensors, which asks for an answer of
    the same kind, and the size of its JSON."""
    head = {"id": message.request_id, "parameters": {**message.parameters, _ALL_BINARY: True}}
    return _body(head, "inputs", message, frozenset(one.name for one in message.tensors))


def request_json(message: Message) -> bytes:
    """The same request as JSON alone, which every V2 server reads."""
    head = {"id": message.request_id, "parameters": message.parameters}
    return _body(head, "inputs", message, frozenset())[0]


def response_body(model: str, message: Message, asked: Message) -> tuple[bytes, int | None]:
    """The body of an answer, and the size of its JSON where binary tensors follow it."""
    head = {"model_name": model, "id": message.request_id, "parameters": message.parameters}
    binary = frozenset(one.name for one in message.tensors if asked.is_binary(one.name))
    body, size = _body(head, "outputs", message, binary)
    return body, size if binary else None


def _body(
    head: dict[str, Any], side: Side, message: Message, binary: frozenset[str]
) -> tuple[bytes, int]:
    raws: list[bytes] = []
    tensors: list[dict[str, Any]] = []
    for tensor in message.tensors:
        spelled: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape,
        }
        parameters = tensor.parameters
        if tensor.name in binary:
            raws.append(raw_of(tensor))
            parameters = parameters | {_SIZE: len(raws[-1])}
        else:
            spelled["data"] = _data_in_json(tensor)
        tensors.append(spelled | ({"parameters": parameters} if parameters else {}))
    document = orjson.dumps({**head, side: tensors}, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join([document, *raws]), len(document)


def _data_in_json(tensor: Tensor) -> Any:
    if isinstance(tensor.data, np.ndarray):
        return np.ascontiguousarray(tensor.data, np.float32).ravel()
    return [item if isinstance(item, str) else to_base64(item) for item in tensor.data]
