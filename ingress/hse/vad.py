"""POST /v1/audio/vad: is anybody speaking, and when."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.audio.codec import Audio
from contract.tasks import DetectSpeechInput, DetectSpeechOutput, Task, TranscribeInput
from ingress.endpoints import VAD
from ingress.hse.answers import answer, whisper_segments
from ingress.hse.schemas import DetectVoiceActivityRequest, DetectVoiceActivityResponse
from ingress.json_body import JsonRoute
from ingress.media import SPEECH_RATE, read_speech
from ingress.openapi import hse_answers
from ingress.request_state import RequestState, request_state_of
from ingress.selection import find_model
from ingress.state import AppState

_PARAMETERS = ("threshold", "min_speech_duration_ms", "min_silence_duration_ms", "speech_pad_ms")


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(route_class=JsonRoute, tags=["speech activity"])

    @routes.post(
        "/v1/audio/vad",
        responses=hse_answers(DetectVoiceActivityResponse),
        response_class=Response,
    )
    async def vad(request: Request, body: DetectVoiceActivityRequest) -> Response:
        """Detect speech, by a detector or by a recogniser's segments."""
        state = request_state_of(request)
        state.field_names = {"audio": "input_audio"}
        model = find_model(app_state.catalog.current, app_state.settings, VAD, body.model)
        state.model = model.id
        state.note_ignored(body)
        parameters = body.model_dump(include=set(_PARAMETERS), exclude_none=True)
        audio = await read_speech(app_state, state, body.input_audio, param="input_audio")
        if model.task is Task.TRANSCRIBE:
            return await _by_recogniser(app_state, state, model.id, audio, body)
        found = await app_state.call(model.id, DetectSpeechInput(audio, **parameters), state)
        return _by_detector(found, body)

    return routes


def _by_detector(found: DetectSpeechOutput, body: DetectVoiceActivityRequest) -> Response:
    return answer(
        "vad",
        body.model,
        speech_activity=bool(found.segments),
        timestamps=_timestamps(found, bool(body.return_seconds)) if body.get_timestamps else None,
        timestamps_unit=_unit(body, bool(body.return_seconds)),
    )


async def _by_recogniser(
    app_state: AppState,
    state: RequestState,
    model: str,
    audio: Audio,
    body: DetectVoiceActivityRequest,
) -> Response:
    asked = TranscribeInput(audio, segment_timestamps=bool(body.get_timestamps))
    transcript = await app_state.call(model, asked, state)
    return answer(
        "vad",
        body.model,
        speech_activity=bool(transcript.text.strip()),
        timestamps=whisper_segments(transcript) if body.get_timestamps else None,
        timestamps_unit=_unit(body, True),
    )


def _unit(body: DetectVoiceActivityRequest, in_seconds: bool) -> str | None:
    if not body.get_timestamps:
        return None
    return "seconds" if in_seconds else "samples"


def _timestamps(found: DetectSpeechOutput, in_seconds: bool) -> list[dict[str, Any]]:
    if in_seconds:
        return [{"start": one.start_s, "end": one.end_s} for one in found.segments]
    return [
        {"start": round(one.start_s * SPEECH_RATE), "end": round(one.end_s * SPEECH_RATE)}
        for one in found.segments
    ]
