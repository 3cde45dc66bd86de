"""How each kind of value travels: as V2 tensors, and as JSON in a V1 instance.

Reading a recording gives a Recording: whoever reads for a server decodes it before the input is
built (Draft), as that is no work for the thread that reads the body.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from contract.audio.codec import Audio, wav_bytes
from contract.base64_text import to_base64
from contract.embedding import (
    FORMAT_VERSION,
    MAX_LEGACY_BYTES,
    AnyEmbedding,
    Embedding,
    LegacyEmbedding,
    checked_embedding,
    embedding_from_bytes,
)
from contract.errors import InvalidRequest, ModelFailed
from contract.fields import TaskField
from contract.safetensor import read_safetensor
from contract.tasks import (
    FloatArray,
    SpeakerSegment,
    SpeechSegment,
    TaskInput,
    TranscriptSegment,
)
from contract.wire.elements import (
    MAX_TEXT_BYTES,
    Codec,
    bytes_tensor,
    numbers_of,
    read_binary,
    read_text,
)
from contract.wire.message import MAX_ELEMENTS, MAX_NUMBERS, Tensor
from contract.wire.segment_codecs import DETAILS, SegmentsCodec

_MAX_ARRAY_BYTES = 4 * MAX_NUMBERS + 4096
_SPELLED_AS = "array"
"""The array's name in its safetensors file."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A file of sound that nobody has decoded."""

    data: bytes
    param: str
    """What its sender called it."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A task's input that has been read, but whose recordings are still to be decoded; `values` by
    the names of its fields."""

    kind: type[TaskInput[Any]]
    values: Mapping[str, Any]

    async def complete(self, decode: Callable[[Recording], Awaitable[Audio]]) -> TaskInput[Any]:
        """The input, every recording decoded. Raises InvalidRequest that names a field."""

        async def heard(value: Any) -> Any:
            if isinstance(value, Recording):
                return await decode(value)
            if isinstance(value, tuple) and value and isinstance(value[0], Recording):
                return tuple([await decode(one) for one in value])
            return value

        return self.kind(**{name: await heard(value) for name, value in self.values.items()})


class _TextCodec(Codec):
    def to_tensors(self, field: TaskField, value: str) -> list[Tensor]:
        return [bytes_tensor(field.name, value)]

    def to_json(self, value: str) -> str:
        return value

    def from_json(self, field: TaskField, name: str, value: Any, max_bytes: int | None) -> str:
        if isinstance(value, dict):
            value = read_binary(name, value, MAX_TEXT_BYTES)
        if not isinstance(value, str | bytes):
            raise InvalidRequest(f"{name} must be a string", param=name)
        return read_text(name, value)


class _AudioCodec(Codec):
    """Out as WAV; in as any container."""

    def to_tensors(self, field: TaskField, value: Audio) -> list[Tensor]:
        return [bytes_tensor(field.name, wav_bytes(value))]

    def to_json(self, value: Audio) -> str:
        return to_base64(wav_bytes(value))

    def from_json(
        self, field: TaskField, name: str, value: Any, max_bytes: int | None
    ) -> Recording:
        return Recording(read_binary(name, value, max_bytes), name)


class _ListCodec(Codec):
    """BYTES [n], each element as the codec of one spells it; in JSON a list."""

    shape = (-1,)

    def __init__(self, one: Codec) -> None:
        self._one = one

    def to_tensors(self, field: TaskField, value: tuple[Any, ...]) -> list[Tensor]:
        made = [self._one.to_tensors(field, item)[0].data[0] for item in value]
        return [Tensor(field.name, "BYTES", (len(made),), tuple(made))]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], max_bytes: int | None
    ) -> tuple[Any, ...]:
        tensor = tensors[field.name]
        if not tensor.is_bytes:
            raise InvalidRequest(f"{field.name} must be BYTES [n]", param=field.name)
        return tuple(self._one.from_json(field, field.name, one, max_bytes) for one in tensor.data)

    def to_json(self, value: tuple[Any, ...]) -> list[Any]:
        return [self._one.to_json(item) for item in value]

    def from_json(
        self, field: TaskField, name: str, value: Any, max_bytes: int | None
    ) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MAX_ELEMENTS:
            raise InvalidRequest(
                f"{name} must be a list of at most {MAX_ELEMENTS} items", param=name
            )
        return tuple(self._one.from_json(field, name, item, max_bytes) for item in value)


class _EmbeddingCodec(Codec):
    """FP32 [dims] with its family as a parameter; legacy ones, and all in JSON, as bytes."""

    datatype = "FP32"
    shape = (-1,)

    def __init__(self, *, may_be_legacy: bool) -> None:
        self._may_be_legacy = may_be_legacy

    def to_tensors(self, field: TaskField, value: AnyEmbedding) -> list[Tensor]:
        if isinstance(value, LegacyEmbedding):
            return [bytes_tensor(field.name, value.data)]
        _require_finite(value.vector)
        tags = {"family": value.family, "version": FORMAT_VERSION}
        return [Tensor(field.name, "FP32", value.vector.shape, value.vector, tags)]

    def from_numbers(self, field: TaskField, tensor: Tensor) -> Embedding:
        family, version = tensor.parameters.get("family"), tensor.parameters.get("version")
        if not isinstance(family, str) or version not in (None, FORMAT_VERSION):
            raise InvalidRequest(
                f"{field.name} needs the tensor parameters family (as the encoder gave it) and "
                f"version {FORMAT_VERSION}",
                param=field.name,
            )
        return checked_embedding(family, numbers_of(tensor), field.name)

    def to_json(self, value: AnyEmbedding) -> str:
        return to_base64(value.data if isinstance(value, LegacyEmbedding) else value.to_bytes())

    def from_json(
        self, field: TaskField, name: str, value: Any, max_bytes: int | None
    ) -> AnyEmbedding:
        found = embedding_from_bytes(read_binary(name, value, MAX_LEGACY_BYTES), param=name)
        if isinstance(found, LegacyEmbedding) and not self._may_be_legacy:
            raise InvalidRequest(f"{name} must be a tagged embedding", param=name)
        return found


class _ArrayCodec(Codec):
    """FP32; in JSON base64 of a safetensors file, as lists of numbers are slow."""

    datatype = "FP32"
    shape = ()

    def to_tensors(self, field: TaskField, value: FloatArray) -> list[Tensor]:
        _require_finite(value)
        return [Tensor(field.name, "FP32", value.shape, value)]

    def from_numbers(self, field: TaskField, tensor: Tensor) -> FloatArray:
        return _checked_array(field, field.name, numbers_of(tensor))

    def to_json(self, value: FloatArray) -> str:
        _require_finite(value)
        array = np.ascontiguousarray(value, np.float32)
        return to_base64(safetensors.numpy.save({_SPELLED_AS: array}))

    def from_json(
        self, field: TaskField, name: str, value: Any, max_bytes: int | None
    ) -> FloatArray:
        _, array = read_safetensor(read_binary(name, value, _MAX_ARRAY_BYTES), param=name)
        return _checked_array(field, name, array)


def _checked_array(field: TaskField, name: str, array: FloatArray) -> FloatArray:
    assert field.tensor is not None
    if array.ndim != len(field.tensor.shape):
        raise InvalidRequest(f"{name} has shape {list(array.shape)}; send {field.doc}", param=name)
    if not np.isfinite(array).all():
        raise InvalidRequest(f"{name} holds numbers that are not finite", param=name)
    return array


def _require_finite(array: NDArray[np.float32]) -> None:
    """What we encode comes from a model, so an error in it is the model's."""
    if not np.isfinite(array).all():
        raise ModelFailed("the model gave numbers that are not finite")


CODECS: dict[Any, Codec] = {
    str: _TextCodec(),
    Audio: _AudioCodec(),
    Embedding: _EmbeddingCodec(may_be_legacy=False),
    AnyEmbedding: _EmbeddingCodec(may_be_legacy=True),
    FloatArray: _ArrayCodec(),
    tuple[SpeechSegment, ...]: SegmentsCodec(SpeechSegment),
    tuple[TranscriptSegment, ...]: SegmentsCodec(TranscriptSegment),
    tuple[SpeakerSegment, ...]: SegmentsCodec(SpeakerSegment),
    tuple[str, ...]: _ListCodec(_TextCodec()),
    tuple[Audio, ...]: _ListCodec(_AudioCodec()),
}
"""By the type of a task's field, None left out."""


def codec_of(field: TaskField) -> Codec:
    return CODECS[field.kind]


def tensor_names(field: TaskField) -> tuple[str, ...]:
    """Under which a field travels; one is enough."""
    has_details = isinstance(codec_of(field), SegmentsCodec)
    return (field.name, DETAILS) if has_details else (field.name,)
