"""Recordings to transcribe: long ones go out in pieces, so that several replicas share them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from contract.audio.codec import Audio
from contract.tasks import (
    DetectSpeechInput,
    DetectSpeechOutput,
    Task,
    TranscribeInput,
    TranscribeOutput,
)
from ingress.request_state import RequestState
from ingress.state import AppState
from transport.recordings.transcription import joined, transcribed


def is_long(app_state: AppState, audio: Audio) -> bool:
    """Whether a recording is transcribed in parts."""
    detectors = app_state.catalog.current.of_types((Task.DETECT_SPEECH,))
    return bool(detectors) and 0 < app_state.settings.long_recording_s < audio.duration_s


async def transcript(
    app_state: AppState, state: RequestState, model: str, request: TranscribeInput
) -> TranscribeOutput:
    if not is_long(app_state, request.audio):
        return await app_state.call(model, request, state)
    async with aclosing(parts(app_state, state, model, request)) as found:
        return joined([part async for part in found])


async def parts(
    app_state: AppState, state: RequestState, model: str, request: TranscribeInput
) -> AsyncGenerator[TranscribeOutput, None]:
    """The transcript part by part, in order; of a recording that is not long in one part."""
    if not is_long(app_state, request.audio):
        yield await app_state.call(model, request, state)
        return
    detectors = app_state.catalog.current.of_types((Task.DETECT_SPEECH,))

    async def detect(detection: DetectSpeechInput) -> DetectSpeechOutput:
        return await app_state.call(detectors[0].name, detection, state)

    async def transcribe(piece: TranscribeInput) -> TranscribeOutput:
        return await app_state.call(model, piece, state)

    await app_state.client.wake([detectors[0].name, model], state.context)
    splitting = app_state.settings.splitting.of(app_state.catalog.current.find(model))
    pieces = transcribed(
        request, detect, transcribe, splitting, deadline_s=state.context.deadline_s
    )
    async with aclosing(pieces) as found:
        async for part in found:
            yield part
