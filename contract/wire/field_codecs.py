"""How each kind of value travels: as V2 tensors, and as JSON in a V1 envelope.

`limits` None means that the bytes come from a predictor of ours; they are still checked, but an
empty recording is then an answer like any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from contract import segments
from contract.audio.codec import Audio, AudioLimits, decode, read_wav, wav_bytes
from contract.embedding import (
    FORMAT_VERSION,
    MAX_LEGACY_BYTES,
    Embedding,
    LegacyEmbedding,
    checked_embedding,
    embedding_from_bytes,
)
from contract.errors import InvalidRequest
from contract.tasks import FloatArray, SpeechSegment, TranscriptSegment
from contract.wire.elements import (
    MAX_NPY_BYTES,
    bytes_tensor,
    element_of,
    read_binary,
    read_json,
    read_npy,
    read_text,
    to_base64,
    to_npy,
)
from contract.wire.fields import TaskField
from contract.wire.message import Tensor

Arrays = Literal["fp32", "npy"]
DETAILS = "details"
"""Beside segments [n, 2]: the same segments with text, words and the rest, as JSON."""


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


class _TextCodec:
    datatype = "BYTES"
    shape: tuple[int, ...] = (1,)

    def to_tensors(self, field: TaskField, value: str, arrays: Arrays) -> list[Tensor]:
        return bytes_tensor(field.name, value)

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> str:
        return read_text(field.name, element_of(tensors[field.name]))

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
        return bytes_tensor(field.name, wav_bytes(value))

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> Audio:
        return self.from_json(field, field.name, element_of(tensors[field.name]), limits)

    def to_json(self, value: Audio) -> str:
        return to_base64(wav_bytes(value))

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> Audio:
        if limits is None:
            return read_wav(read_binary(name, value, None), param=name)
        data = read_binary(name, value, limits.max_bytes)
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
            return bytes_tensor(field.name, value.data)
        tags = {"family": value.family, "version": FORMAT_VERSION}
        return [Tensor(field.name, "FP32", value.vector.shape, value.vector, tags)]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> Embedding | LegacyEmbedding:
        tensor = tensors[field.name]
        if tensor.is_bytes:
            return self.from_json(field, field.name, element_of(tensor), limits)
        family, version = tensor.parameters.get("family"), tensor.parameters.get("version")
        if not isinstance(family, str) or version not in (None, FORMAT_VERSION):
            raise InvalidRequest(
                f"{field.name} needs the tensor parameters family (as the encoder gave it) and "
                f"version {FORMAT_VERSION}",
                param=field.name,
            )
        return checked_embedding(family, _fp32(tensor), field.name)

    def to_json(self, value: Embedding | LegacyEmbedding) -> str:
        return to_base64(value.data if isinstance(value, LegacyEmbedding) else value.to_bytes())

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> Embedding | LegacyEmbedding:
        found = embedding_from_bytes(read_binary(name, value, MAX_LEGACY_BYTES), param=name)
        if isinstance(found, LegacyEmbedding) and not self._may_be_legacy:
            raise InvalidRequest(f"{name} must be a tagged embedding", param=name)
        return found


class _ArrayCodec:
    """FP32, or an NPY file as BYTES [1]: JSON lists of numbers are slow."""

    datatype = "FP32"
    shape: tuple[int, ...] = ()

    def to_tensors(self, field: TaskField, value: FloatArray, arrays: Arrays) -> list[Tensor]:
        if arrays == "npy":
            return bytes_tensor(field.name, to_npy(value))
        return [Tensor(field.name, "FP32", value.shape, value)]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> FloatArray:
        tensor = tensors[field.name]
        if tensor.is_bytes:
            return self.from_json(field, field.name, element_of(tensor), limits)
        return _checked_array(field, field.name, _fp32(tensor), may_be_empty=limits is None)

    def to_json(self, value: FloatArray) -> str:
        return to_base64(to_npy(value))

    def from_json(
        self, field: TaskField, name: str, value: Any, limits: AudioLimits | None
    ) -> FloatArray:
        array = read_npy(name, read_binary(name, value, MAX_NPY_BYTES))
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
            *bytes_tensor(DETAILS, details),
        ]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], limits: AudioLimits | None
    ) -> tuple[Any, ...]:
        """`details` holds more than the times do, so it wins where both are sent."""
        tensor = tensors[DETAILS if DETAILS in tensors else field.name]
        if tensor.is_bytes:
            return self._read(read_json(tensor.name, element_of(tensor)), tensor.name)
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
