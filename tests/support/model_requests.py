"""Requests of several lengths for any model type, and when two answers are the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from contract.audio.codec import Audio
from contract.fields import fields_of
from contract.tasks import TaskInput
from transport.decoding.reading import decode

_RECORDING = Path(__file__).parents[1] / "data/jfk.flac"


def names_of(value: object) -> set[str]:
    return {field.name for field in fields_of(type(value))}


def recording() -> Audio:
    """Eleven seconds of speech."""
    return decode(_RECORDING.read_bytes(), max_bytes=1 << 21, max_seconds=60)


def three_requests(request: TaskInput[Any]) -> list[Any]:
    """Requests of three lengths, where the task has sound or text to vary."""
    speech = recording()
    rate = speech.sample_rate
    if "audio" in names_of(request):
        clips = (speech.samples[: rate * 2], speech.samples[rate : rate * 4], speech.samples)
        return [dataclasses.replace(request, audio=Audio(c, rate)) for c in clips]  # type: ignore[type-var]
    if "text" in names_of(request):
        texts = ("Yes.", "A longer sentence, with a pause.", "Three words more.")
        return [dataclasses.replace(request, text=text) for text in texts]  # type: ignore[type-var]
    return [request] * 3


def alike(left: Any, right: Any) -> bool:
    """Equal up to the rounding of floating point; padding in a batch may move the last bits."""
    if dataclasses.is_dataclass(left) and not isinstance(left, type):
        names = [field.name for field in dataclasses.fields(left)]
        return all(alike(getattr(left, name), getattr(right, name)) for name in names)
    if isinstance(left, np.ndarray):
        return left.shape == right.shape and bool(np.allclose(left, right, rtol=1e-2, atol=2e-3))
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, float):
        return bool(np.isclose(left, right, rtol=1e-2, atol=2e-2))
    return bool(left == right)


def arrays_in(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Every array of an answer, in order."""
    if isinstance(value, np.ndarray):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from arrays_in(getattr(value, field.name))


def difference(found: Any, wanted: Any) -> float:
    """|found - wanted| / |wanted| over all arrays of two answers; infinite for other shapes."""
    pairs = list(zip(arrays_in(found), arrays_in(wanted), strict=True))
    assert pairs, "no arrays to compare"
    if any(one.shape != other.shape for one, other in pairs):
        return float("inf")
    gap, size = (
        np.linalg.norm(np.concatenate([array.ravel() for array in arrays]))
        for arrays in ([one - other for one, other in pairs], [other for _, other in pairs])
    )
    return float(gap / size)
