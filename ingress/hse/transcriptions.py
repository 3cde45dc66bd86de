"""POST /v1/audio/transcriptions in HSE's dialect."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from contract.tasks import TranscribeInput
from ingress import long_recordings
from ingress.endpoints import TRANSCRIPTIONS
from ingress.errors import explain
from ingress.hse.answers import answer, whisper_segments
from ingress.hse.schemas import SpeechTranscribeRequest
from ingress.media import read_speech
from ingress.request_state import RequestState
from ingress.selection import find_model
from ingress.state import AppState


async def transcribe(app_state: AppState, state: RequestState, body: Any) -> Response:
    state.field_names = {"audio": "input_audio"}
    try:
        asked = SpeechTranscribeRequest.model_validate(body)
    except ValidationError as exc:
        raise explain(exc.errors(include_url=False)) from None
    model = find_model(app_state.catalog.current, app_state.settings, TRANSCRIPTIONS, asked.model)
    state.model = model.id
    state.note_ignored(asked)
    audio = await read_speech(app_state, state, asked.input_audio, param="input_audio")
    request = TranscribeInput(audio, segment_timestamps=bool(asked.get_timestamps))
    transcript = await long_recordings.transcript(app_state, state, model.id, request)
    return answer(
        "stt",
        asked.model,
        text=transcript.text,
        language=transcript.language if asked.get_language else None,
        timestamps=whisper_segments(transcript) if asked.get_timestamps else None,
    )
