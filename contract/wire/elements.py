"""Single BYTES elements: what text, binary data, arrays and JSON look like inside one."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import InvalidRequest, PayloadTooLarge
from contract.wire.message import MAX_NUMBERS, Tensor

FloatArray = NDArray[np.float32]

MAX_JSON_BYTES = 64 << 20
MAX_TEXT_BYTES = 4 << 20
MAX_NPY_BYTES = 4 * MAX_NUMBERS + 4096


def element_of(tensor: Tensor) -> bytes | str:
    """The one element of a BYTES [1] tensor."""
    if isinstance(tensor.data, np.ndarray) or len(tensor.data) != 1:
        raise InvalidRequest(
            f"{tensor.name} has datatype {tensor.datatype} and shape {list(tensor.shape)[:8]}; "
            "it must be BYTES [1]",
            param=tensor.name,
        )
    return tensor.data[0]


def bytes_tensor(name: str, element: bytes | str) -> list[Tensor]:
    return [Tensor(name, "BYTES", (1,), (element,))]


def read_text(name: str, element: Any) -> str:
    if isinstance(element, str):
        return element
    if not isinstance(element, bytes) or len(element) > MAX_TEXT_BYTES:
        raise InvalidRequest(f"{name} must be text of at most {MAX_TEXT_BYTES} bytes", param=name)
    try:
        return element.decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"{name} must be text in UTF-8", param=name) from None


def read_binary(name: str, element: Any, max_bytes: int | None) -> bytes:
    """Bytes as they are, or the base64 of them, with or without a `data:` prefix."""
    if not isinstance(element, bytes | str):
        raise InvalidRequest(f"{name} must be base64 text", param=name)
    if isinstance(element, str) and element[:5] == "data:":
        element = element.partition(",")[2]
    size = len(element) if isinstance(element, bytes) else len(element) // 4 * 3
    if max_bytes is not None and size > max_bytes + 2:  # padding may count for two
        raise PayloadTooLarge(f"{name} has {size} bytes; the most is {max_bytes}", param=name)
    return element if isinstance(element, bytes) else _from_base64(name, element)


def _from_base64(name: str, text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # perhaps only broken into lines, or without padding
        joined = "".join(text.split())
    try:
        return binascii.a2b_base64(joined + "=" * (-len(joined) % 4), strict_mode=True)
    except ValueError:
        raise InvalidRequest(f"{name} must be base64 text", param=name) from None


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def to_npy(array: FloatArray) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(array, "<f4"), allow_pickle=False)
    return file.getvalue()


# What np.save writes; numpy's own reader evaluates the header as Python and allocates whatever
# shape it claims. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEADER = re.compile(
    rb"\{'descr': '(<f[248])', 'fortran_order': (False|True), "
    rb"'shape': \(((?:[0-9]{1,10},? ?){0,4})\),? ?\}\s*"
)


def read_npy(name: str, data: bytes) -> FloatArray:
    start = 10 + int.from_bytes(data[8:10], "little")
    found = _NPY_HEADER.fullmatch(data, 10, start) if data.startswith(_NPY_MAGIC) else None
    if found is None:
        raise InvalidRequest(f"{name} must be an NPY file of float32", param=name)
    descr, is_fortran, sizes = (group.decode() for group in found.groups())
    shape = tuple(int(size) for size in sizes.replace(",", " ").split())
    dtype = np.dtype(descr)
    if len(data) - start != math.prod(shape) * dtype.itemsize:
        raise InvalidRequest(f"{name} does not hold the data of its shape", param=name)
    values: NDArray[Any] = np.frombuffer(data, dtype, offset=start)
    with np.errstate(over="ignore"):  # what overflows is refused as not finite
        return values.reshape(shape, order="F" if is_fortran == "True" else "C").astype("<f4")


def read_json(name: str, element: bytes | str) -> Any:
    if len(element) > MAX_JSON_BYTES:
        raise PayloadTooLarge(f"{name} is too large for JSON", param=name)
    try:
        return json.loads(element)
    except (ValueError, RecursionError):
        raise InvalidRequest(f"{name} must be JSON text", param=name) from None
