"""How lists of segments travel: their times as numbers, all their fields as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from contract.errors import InvalidRequest
from contract.fields import TaskField
from contract.json_guard import read_json
from contract.tasks import SpeakerSegment, SpeechSegment, TranscriptSegment
from contract.wire.elements import Codec, bytes_tensor, element_of, numbers_of
from contract.wire.message import Tensor

MAX_SEGMENTS = 100_000
DETAILS = "details"
"""Beside segments [n, 2]: the same segments with text, words and the rest, as JSON."""
Segment = SpeechSegment | TranscriptSegment | SpeakerSegment


class SegmentsCodec(Codec):
    """FP32 [n, 2] in seconds, with `details` beside it; in also as JSON in BYTES [1].

    JSON has Whisper's and OpenAI's keys; further ones, such as a transcript's where speech is
    asked for, are ignored."""

    datatype = "FP32"
    shape = (-1, 2)

    def __init__(self, kind: type[Segment]) -> None:
        self._kind = kind
        self._json: TypeAdapter[tuple[Segment, ...]] = TypeAdapter(tuple[kind, ...])  # type: ignore[valid-type]

    def to_tensors(self, field: TaskField, value: tuple[Segment, ...]) -> list[Tensor]:
        times = np.array([(one.start_s, one.end_s) for one in value], np.float32).reshape(-1, 2)
        details = self._json.dump_json(value, by_alias=True, exclude_none=True).decode()
        return [Tensor(field.name, "FP32", times.shape, times), bytes_tensor(DETAILS, details)]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], max_bytes: int | None
    ) -> tuple[Segment, ...]:
        """`details` holds more than the times do, so it wins where both are sent."""
        tensor = tensors[DETAILS if DETAILS in tensors else field.name]
        if not tensor.is_bytes:
            return self.from_numbers(field, tensor)
        text = element_of(tensor)
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        document = read_json(data, param=tensor.name)
        return self.from_json(field, tensor.name, document, max_bytes)

    def from_numbers(self, field: TaskField, tensor: Tensor) -> tuple[Segment, ...]:
        name, shape = field.name, tensor.shape
        if len(shape) != 2 or shape[1] != 2 or shape[0] > MAX_SEGMENTS:
            raise InvalidRequest(
                f"{name} must have shape [n, 2]: start and end in seconds", param=name
            )
        if self._kind is not SpeechSegment:
            raise InvalidRequest(f"{name} of a transcript need the tensor {DETAILS}", param=DETAILS)
        found = tuple(SpeechSegment(float(start), float(end)) for start, end in numbers_of(tensor))
        return _checked(found, name)

    def to_json(self, value: tuple[Segment, ...]) -> Any:
        return self._json.dump_python(value, mode="json", by_alias=True, exclude_none=True)

    def from_json(
        self, field: TaskField, name: str, value: Any, max_bytes: int | None
    ) -> tuple[Segment, ...]:
        if not isinstance(value, list) or len(value) > MAX_SEGMENTS:
            raise InvalidRequest(
                f"{name} must be a list of at most {MAX_SEGMENTS} objects with start and end",
                param=name,
            )
        try:
            return _checked(self._json.validate_python(value), name)
        except ValidationError:
            raise InvalidRequest(
                f"{name} must be objects with start and end in seconds", param=name
            ) from None


def _checked(found: tuple[Segment, ...], param: str) -> tuple[Segment, ...]:
    for one in found:
        if not (math.isfinite(one.start_s) and math.isfinite(one.end_s)) or not (
            0 <= one.start_s <= one.end_s
        ):
            raise InvalidRequest(f"{param} need 0 <= start <= end, in seconds", param=param)
    return found
