"""What a kind of value is as a tensor and in JSON, and the spellings of one BYTES element."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from contract.base64_text import from_base64
from contract.errors import InvalidRequest, PayloadTooLarge
from contract.fields import TaskField
from contract.wire.message import Tensor

MAX_TEXT_BYTES = 4 << 20


def bytes_tensor(name: str, element: bytes | str) -> Tensor:
    return Tensor(name, "BYTES", (1,), (element,))


def element_of(tensor: Tensor) -> bytes | str:
    if isinstance(tensor.data, np.ndarray) or len(tensor.data) != 1:
        raise InvalidRequest(
            f"{tensor.name} has datatype {tensor.datatype} and shape {list(tensor.shape)}; "
            "it must be BYTES [1]",
            param=tensor.name,
        )
    return tensor.data[0]


def numbers_of(tensor: Tensor) -> NDArray[np.float32]:
    assert isinstance(tensor.data, np.ndarray)  # of every datatype but BYTES
    return tensor.data


def read_text(name: str, element: bytes | str) -> str:
    if isinstance(element, str):
        return element
    if len(element) > MAX_TEXT_BYTES:
        raise InvalidRequest(f"{name} must be text of at most {MAX_TEXT_BYTES} bytes", param=name)
    try:
        return element.decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"{name} must be text in UTF-8", param=name) from None


def read_binary(name: str, value: Any, max_bytes: int | None) -> bytes:
    """Bytes as they are, or base64 of them, bare or as TensorFlow Serving spells binary values:
    {"b64": …} (tensorflow/serving, tensorflow_serving/g3doc/api_rest.md, "Encoding binary values").
    """
    if isinstance(value, dict) and value.keys() == {"b64"}:
        value = value["b64"]
    if isinstance(value, str):
        return from_base64(value, param=name, max_bytes=max_bytes)
    if not isinstance(value, bytes):
        raise InvalidRequest(f"{name} must be base64 text", param=name)
    if max_bytes is not None and len(value) > max_bytes:
        raise PayloadTooLarge(f"{name} has {len(value)} bytes; the most is {max_bytes}", param=name)
    return value


class Codec(ABC):
    """Of one kind of value. Readers raise InvalidRequest that names the tensor or the key."""

    datatype: ClassVar[str] = "BYTES"
    shape: ClassVar[tuple[int, ...]] = (1,)
    """-1: any length. Empty: as the field says."""

    @abstractmethod
    def to_tensors(self, field: TaskField, value: Any) -> list[Tensor]: ...

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], max_bytes: int | None
    ) -> Any:
        """`max_bytes`: of a recording."""
        tensor = tensors[field.name]
        if not tensor.is_bytes:
            return self.from_numbers(field, tensor)
        return self.from_json(field, field.name, element_of(tensor), max_bytes)

    def from_numbers(self, field: TaskField, tensor: Tensor) -> Any:
        """Read FP32, which most kinds are not."""
        return element_of(tensor)

    @abstractmethod
    def to_json(self, value: Any) -> Any: ...

    @abstractmethod
    def from_json(self, field: TaskField, name: str, value: Any, max_bytes: int | None) -> Any:
        """`name`: the key under which the value came, or the tensor whose only element it is."""
