"""How lists of segments travel: their times as numbers, all their fields as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract import segments
from contract.errors import InvalidRequest
from contract.fields import TaskField
from contract.json_guard import read_json
from contract.tasks import SpeechSegment
from contract.wire.elements import bytes_tensor, element_of, fp32
from contract.wire.message import Tensor

DETAILS = "details"
"""Beside segments [n, 2]: the same segments with text, words and the rest, as JSON."""


class SegmentsCodec:
    """FP32 [n, 2] in seconds, with `details` beside it; in also as JSON in BYTES [1]."""

    datatype = "FP32"
    shape: tuple[int, ...] = (-1, 2)

    def __init__(
        self,
        read: Callable[[Any, str], tuple[Any, ...]],
        from_times: Callable[[NDArray[Any], str], tuple[Any, ...]],
    ) -> None:
        self._read, self._from_times = read, from_times

    def to_tensors(self, field: TaskField, value: tuple[Any, ...]) -> list[Tensor]:
        times = np.array([(one.start_s, one.end_s) for one in value], np.float32).reshape(-1, 2)
        details = segments.to_json_text(value)
        return [Tensor(field.name, "FP32", times.shape, times), bytes_tensor(DETAILS, details)]

    def from_tensors(
        self, field: TaskField, tensors: Mapping[str, Tensor], max_bytes: int | None
    ) -> tuple[Any, ...]:
        """`details` holds more than the times do, so it wins where both are sent."""
        tensor = tensors[DETAILS if DETAILS in tensors else field.name]
        if tensor.is_bytes:
            text = element_of(tensor)
            data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            return self._read(read_json(data, param=tensor.name), tensor.name)
        times = fp32(tensor)
        if times.ndim != 2 or times.shape[1] != 2 or len(times) > segments.MAX_SEGMENTS:
            raise InvalidRequest(
                f"{field.name} must have shape [n, 2]: start and end in seconds", param=field.name
            )
        return self._from_times(times, field.name)

    def to_json(self, value: tuple[Any, ...]) -> Any:
        return segments.to_json(value)

    def from_json(
        self, field: TaskField, name: str, value: Any, max_bytes: int | None
    ) -> tuple[Any, ...]:
        return self._read(value, name)


def speech_from_times(times: NDArray[Any], name: str) -> tuple[SpeechSegment, ...]:
    for start_s, end_s in times:
        segments.check_times(start_s, end_s, name)
    return tuple(SpeechSegment(float(start_s), float(end_s)) for start_s, end_s in times)


def needs_details(times: NDArray[Any], name: str) -> tuple[Any, ...]:
    raise InvalidRequest(f"{name} of a transcript need the tensor {DETAILS}", param=DETAILS)
