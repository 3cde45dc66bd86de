"""embed_speaker with `each_segment`: every segment embedded by itself, by any encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from contract.audio.codec import Audio
from contract.embedding import Embedding
from contract.errors import InvalidAudio, InvalidRequest
from contract.tasks import EmbedSpeakerInput, EmbedSpeakerOutput, TaskInput
from predictors.runtime.model import Model, Prepared

MAX_SEGMENTS = 512
_PARAM = "segments"
Part = Prepared[Any] | InvalidAudio
"""A segment, ready for the device; or why there is no voice in it."""


class Steps(Protocol):
    """What surrounds a request's passes on the device."""

    def prepare(self, request: Any) -> Prepared[Any]: ...

    def finish(self, prepared: Prepared[Any], results: Sequence[Any]) -> Any: ...


def by_segment(model: Model[Any, Any], request: TaskInput[Any]) -> Steps:
    """What prepares and finishes this request: the model itself, unless segments are asked for."""
    is_wanted = isinstance(request, EmbedSpeakerInput) and request.each_segment
    return SegmentwiseEncoder(model) if is_wanted else model


class SegmentwiseEncoder:
    """Makes one request's segments as many requests of the encoder, whose passes they share."""

    def __init__(self, encoder: Model[EmbedSpeakerInput, EmbedSpeakerOutput]) -> None:
        self._encoder = encoder

    def prepare(self, request: EmbedSpeakerInput) -> Prepared[list[Part]]:
        """Raises InvalidAudio when no segment holds a voice."""
        if not 0 < len(request.segments or ()) <= MAX_SEGMENTS:
            raise InvalidRequest(f"each_segment needs 1 to {MAX_SEGMENTS} segments", param=_PARAM)
        samples, rate = request.audio.samples, request.audio.sample_rate
        parts = [
            self._prepared(Audio(samples[int(one.start_s * rate) : int(one.end_s * rate)], rate))
            for one in request.segments or ()
        ]
        _refuse_if_silent(parts)
        units = [unit for part in parts if isinstance(part, Prepared) for unit in part.units]
        return Prepared(units, parts)

    def finish(self, prepared: Prepared[list[Part]], results: Sequence[Any]) -> EmbedSpeakerOutput:
        """`embedding` is the mean of all segments."""
        found: list[Embedding | InvalidAudio] = []
        rest = list(results)
        for part in prepared.context:
            count = len(part.units) if isinstance(part, Prepared) else 0
            found.append(self._finished(part, rest[:count]))
            del rest[:count]
        _refuse_if_silent(found)
        voices = [one for one in found if isinstance(one, Embedding)]
        family, dims = voices[0].family, len(voices[0].vector)
        vectors = np.zeros((len(found), dims), np.float32)
        for row, one in zip(vectors, found, strict=True):
            if isinstance(one, Embedding):
                row[:] = one.vector / np.linalg.norm(one.vector)
        mean = vectors.sum(axis=0)
        return EmbedSpeakerOutput(Embedding(family, mean / np.linalg.norm(mean)), vectors)

    def _prepared(self, audio: Audio) -> Part:
        try:
            return self._encoder.prepare(EmbedSpeakerInput(audio))
        except InvalidAudio as refusal:
            return refusal

    def _finished(self, part: Part, results: Sequence[Any]) -> Embedding | InvalidAudio:
        if isinstance(part, InvalidAudio):
            return part
        try:
            return self._encoder.finish(part, results).embedding
        except InvalidAudio as refusal:
            return refusal


def _refuse_if_silent(parts: Sequence[object]) -> None:
    refusals = [one for one in parts if isinstance(one, InvalidAudio)]
    if len(refusals) == len(parts):
        raise refusals[0]
