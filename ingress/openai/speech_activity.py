"""POST /v1/audio/speech/timestamps: where somebody speaks, as speaches answers it.

speaches-ai/speaches, src/speaches/routers/vad.py: a form with `file`, and a list of milliseconds.
"""

from __future__ import annotations

from fastapi import APIRouter, Request

from contract.tasks import DetectSpeechInput, Task, TranscribeInput
from ingress.endpoints import VAD
from ingress.media import read_speech
from ingress.openai.forms import read_form
from ingress.openai.schemas import DetectSpeechRequest, SpeechTimestamp
from ingress.openapi import OPENAI_ERRORS, SPEECH_TIMESTAMPS_BODY
from ingress.request_state import request_state_of
from ingress.selection import find_model
from ingress.state import AppState

_SETTINGS = frozenset(DetectSpeechRequest.model_fields) - {"model"}


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(tags=["speech activity"])

    @routes.post(
        "/v1/audio/speech/timestamps",
        responses=OPENAI_ERRORS,
        openapi_extra=SPEECH_TIMESTAMPS_BODY,
    )
    async def timestamps(request: Request) -> list[SpeechTimestamp]:
        """Detect speech, by a detector or by a recogniser's segments."""
        state = request_state_of(request)
        recording, asked = await read_form(request, DetectSpeechRequest)
        state.field_names = {"audio": recording.name}
        model = find_model(app_state.catalog.current, app_state.settings, VAD, asked.model)
        state.model = model.id
        audio = await read_speech(app_state, state, recording.data, param=recording.name)
        if model.task is Task.TRANSCRIBE:
            state.note_ignored(asked, *(asked.model_fields_set & _SETTINGS))
            heard = TranscribeInput(audio, segment_timestamps=True)
            found = (await app_state.call(model.id, heard, state)).speech_segments()
        else:
            state.note_ignored(asked)
            wanted = DetectSpeechInput(audio, **asked.model_dump(include=set(_SETTINGS)))
            found = (await app_state.call(model.id, wanted, state)).segments
        return [
            SpeechTimestamp(start=round(one.start_s * 1000), end=round(one.end_s * 1000))
            for one in found
        ]

    return routes
