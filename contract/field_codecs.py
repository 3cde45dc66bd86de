"""How each kind of value travels: as V2 tensors, and as JSON in a V1 envelope.

`limits` None means that the bytes come from a predictor of ours; they are still checked, but an
empty recording is then an answer like any other.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from contract import segments
from contract.audio import Audio, AudioLimits, decode, read_wav, wav_bytes
from contract.embedding import (
    FORMAT_VERSION,
    MAX_LEGACY_BYTES,
    Embedding,
    LegacyEmbedding,
    checked_embedding,
    embedding_from_bytes,
)
from contract.errors import InvalidRequest, PayloadTooLarge
from contract.fields import TaskField
from contract.message import MAX_NUMBERS, Tensor
from contract.tasks import FloatArray, SpeechSegment, TranscriptSegment

Arrays = Literal["fp32", "npy"]
DETAILS = "details"
"""Beside segments [n, 2]: the same segments with text, words and the rest, as JSON."""
MAX_JSON_BYTES = 64 << 20
MAX_TEXT_BYTES = 4 << 20
MAX_NPY_BYTES = 4 * MAX_NUMBERS + 4096


class Codec(Protocol):
    datatype: str
    shape: tuple[int, ...]
    """-1: any length. Empty: as the field says."""

    def to_tensors(self, field: TaskField, value: Any, arrays: Arrays) -> list[Tensor]: ...

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> Any:
        """Raises InvalidRequest that names the tensor."""
        ...

    def to_json(self, value: Any) -> Any: ...

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> Any: ...


# Single BYTES elements ----------------------------------------------------------------------


def _element(tensor: Tensor) -> bytes | str:
    """The one element of a BYTES [1] tensor."""
    if isinstance(tensor.data, np.ndarray) or len(tensor.data) != 1:
        raise InvalidRequest(
            f"{tensor.name} has datatype {tensor.datatype} and shape {list(tensor.shape)[:8]}; "
            "it must be BYTES [1]",
            param=tensor.name,
        )
    return tensor.data[0]


def _bytes_tensor(name: str, element: bytes | str) -> list[Tensor]:
    return [Tensor(name, "BYTES", (1,), (element,))]


def _text(name: str, element: Any) -> str:
    if isinstance(element, str):
        return element
    if not isinstance(element, bytes) or len(element) > MAX_TEXT_BYTES:
        raise InvalidRequest(f"{name} must be text of at most {MAX_TEXT_BYTES} bytes", param=name)
    try:
        return element.decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"{name} must be text in UTF-8", param=name) from None


def _binary(name: str, element: Any, max_bytes: int | None) -> bytes:
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


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# Codecs -------------------------------------------------------------------------------------


class _TextCodec:
    datatype = "BYTES"
    shape: tuple[int, ...] = (1,)

    def to_tensors(self, field: TaskField, value: str, arrays: Arrays) -> list[Tensor]:
        return _bytes_tensor(field.name, value)

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> str:
        return _text(field.name, _element(tensors[field.name]))

    def to_json(self, value: str) -> str:
        return value

    def from_json(self, field: TaskField, name: str, value: Any, limits: AudioLimits | None) -> str:
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} must be a string", param=name)
        return value


class _AudioCodec:
    """Out as WAV; in as any container."""

    datatype = "BYTES"
    shape: tuple[int, ...] = (1,)

    def to_tensors(self, field: TaskField, value: Audio, arrays: Arrays) -> list[Tensor]:
        return _bytes_tensor(field.name, wav_bytes(value))

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> Audio:
        return self.from_json(field, field.name, _element(tensors[field.name]), limits)

    def to_json(self, value: Audio) -> str:
        return _base64(wav_bytes(value))

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> Audio:
        if limits is None:
            return read_wav(_binary(name, value, None), param=name)
        data = _binary(name, value, limits.max_bytes)
        return decode(data, max_bytes=limits.max_bytes, max_seconds=limits.max_seconds, param=name)


class _EmbeddingCodec:
    """FP32 [dims] with its family as a parameter; legacy ones, and all in JSON, as bytes."""

    datatype = "FP32"
    shape: tuple[int, ...] = (-1,)

    def __init__(self, *, may_be_legacy: bool) -> None:
        self._may_be_legacy = may_be_legacy

    def to_tensors(
        self, field: TaskField, value: Embedding | LegacyEmbedding, arrays: Arrays
    ) -> list[Tensor]:
        if isinstance(value, LegacyEmbedding):
            return _bytes_tensor(field.name, value.data)
        tags = {"family": value.family, "version": FORMAT_VERSION}
        return [Tensor(field.name, "FP32", value.vector.shape, value.vector, tags)]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> Embedding | LegacyEmbedding:
        tensor = tensors[field.name]
        if tensor.is_bytes:
            return self.from_json(field, field.name, _element(tensor), limits)
        family, version = tensor.parameters.get("family"), tensor.parameters.get("version")
        if not isinstance(family, str) or version not in (None, FORMAT_VERSION):
            raise InvalidRequest(
                f"{field.name} needs the tensor parameters family (as the encoder gave it) and "
                f"version {FORMAT_VERSION}",
                param=field.name,
            )
        return checked_embedding(family, _fp32(tensor), field.name)

    def to_json(self, value: Embedding | LegacyEmbedding) -> str:
        return _base64(value.data if isinstance(value, LegacyEmbedding) else value.to_bytes())

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> Embedding | LegacyEmbedding:
        found = embedding_from_bytes(_binary(name, value, MAX_LEGACY_BYTES), param=name)
        if isinstance(found, LegacyEmbedding) and not self._may_be_legacy:
            raise InvalidRequest(f"{name} must be a tagged embedding", param=name)
        return found


class _ArrayCodec:
    """FP32, or an NPY file as BYTES [1]: JSON lists of numbers are slow."""

    datatype = "FP32"
    shape: tuple[int, ...] = ()

    def to_tensors(self, field: TaskField, value: FloatArray, arrays: Arrays) -> list[Tensor]:
        if arrays == "npy":
            return _bytes_tensor(field.name, _npy_bytes(value))
        return [Tensor(field.name, "FP32", value.shape, value)]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> FloatArray:
        tensor = tensors[field.name]
        if tensor.is_bytes:
            return self.from_json(field, field.name, _element(tensor), limits)
        return _checked_array(field, field.name, _fp32(tensor), may_be_empty=limits is None)

    def to_json(self, value: FloatArray) -> str:
        return _base64(_npy_bytes(value))

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> FloatArray:
        array = _read_npy(name, _binary(name, value, MAX_NPY_BYTES))
        return _checked_array(field, name, array, may_be_empty=limits is None)


def _checked_array(
    field: TaskField, name: str, array: FloatArray, *, may_be_empty: bool
) -> FloatArray:
    wanted = field.metadata["shape"]
    if array.ndim != len(wanted) or (array.size == 0 and array.ndim > 1 and not may_be_empty):
        raise InvalidRequest(
            f"{name} has shape {list(array.shape)[:8]}; send {field.metadata['doc']}", param=name
        )
    if not np.isfinite(array).all():
        raise InvalidRequest(f"{name} holds numbers that are not finite", param=name)
    return array


def _fp32(tensor: Tensor) -> FloatArray:
    if tensor.datatype != "FP32" or not isinstance(tensor.data, np.ndarray):
        raise InvalidRequest(
            f"{tensor.name} has datatype {tensor.datatype}; send FP32 or BYTES", param=tensor.name
        )
    return tensor.data.astype(np.float32, copy=False)


def _npy_bytes(array: FloatArray) -> bytes:
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


def _read_npy(name: str, data: bytes) -> FloatArray:
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


class _SegmentsCodec:
    """FP32 [n, 2] in seconds, with `details` beside it; in also as JSON in BYTES [1]."""

    datatype = "FP32"
    shape: tuple[int, ...] = (-1, 2)

    def __init__(
        self,
        read: Callable[[Any, str], tuple[Any, ...]],
        from_times: Callable[[NDArray[Any], str], tuple[Any, ...]],
    ) -> None:
        self._read, self._from_times = read, from_times

    def to_tensors(self, field: TaskField, value: tuple[Any, ...], arrays: Arrays) -> list[Tensor]:
        times = np.array([(one.start_s, one.end_s) for one in value], np.float32).reshape(-1, 2)
        details = json.dumps(segments.to_json(value), ensure_ascii=False)
        return [
            Tensor(field.name, "FP32", times.shape, times),
            *_bytes_tensor(DETAILS, details),
        ]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> tuple[Any, ...]:
        """`details` holds more than the times do, so it wins where both are sent."""
        tensor = tensors[DETAILS if DETAILS in tensors else field.name]
        if tensor.is_bytes:
            return self._read(_json(tensor), tensor.name)
        times = _fp32(tensor)
        if times.ndim != 2 or times.shape[1] != 2 or len(times) > segments.MAX_SEGMENTS:
            raise InvalidRequest(
                f"{field.name} must have shape [n, 2]: start and end in seconds", param=field.name
            )
        return self._from_times(times, field.name)

    def to_json(self, value: tuple[Any, ...]) -> Any:
        return segments.to_json(value)

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> tuple[Any, ...]:
        return self._read(value, name)


def _json(tensor: Tensor) -> Any:
    element = _element(tensor)
    if len(element) > MAX_JSON_BYTES:
        raise PayloadTooLarge(f"{tensor.name} is too large for segments", param=tensor.name)
    try:
        return json.loads(element)
    except (ValueError, RecursionError):
        raise InvalidRequest(f"{tensor.name} must be JSON text", param=tensor.name) from None


def _speech_from_times(times: NDArray[Any], name: str) -> tuple[SpeechSegment, ...]:
    for start_s, end_s in times:
        segments.check_times(start_s, end_s, name)
    return tuple(SpeechSegment(float(start_s), float(end_s)) for start_s, end_s in times)


def _transcript_needs_details(times: NDArray[Any], name: str) -> tuple[TranscriptSegment, ...]:
    raise InvalidRequest(f"{name} of a transcript need the tensor {DETAILS}", param=DETAILS)


CODECS: dict[Any, Codec] = {
    str: _TextCodec(),
    Audio: _AudioCodec(),
    Embedding: _EmbeddingCodec(may_be_legacy=False),
    Embedding | LegacyEmbedding: _EmbeddingCodec(may_be_legacy=True),
    FloatArray: _ArrayCodec(),
    tuple[SpeechSegment, ...]: _SegmentsCodec(segments.speech_from_json, _speech_from_times),
    tuple[TranscriptSegment, ...]: _SegmentsCodec(
        segments.transcript_from_json, _transcript_needs_details
    ),
}
"""By the type of a task's field, None left out."""
SEGMENT_KINDS = frozenset({tuple[SpeechSegment, ...], tuple[TranscriptSegment, ...]})


def codec_of(field: TaskField) -> Codec:
    return CODECS[field.kind]
