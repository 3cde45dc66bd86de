"""The two paths that speak both dialects: choose one by the body and pass it on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import Discriminator, Tag
from starlette.responses import Response

from ingress.dialect import SPEECH_PATH, TRANSCRIPTIONS_PATH, Dialect, dialect_of_speech
from ingress.hse import speech as hse_speech
from ingress.hse import transcriptions as hse_transcriptions
from ingress.hse.schemas import TextToSpeechRequest
from ingress.json_body import JsonRoute, read_json_body
from ingress.openai import speech as openai_speech
from ingress.openai import transcriptions as openai_transcriptions
from ingress.openai.forms import has_recording, read_form, read_json_upload
from ingress.openai.schemas import CreateSpeechRequest, CreateTranscriptionRequest
from ingress.openapi import SPEECH_ANSWERS, TRANSCRIPTION_ANSWERS, TRANSCRIPTION_BODY
from ingress.request_state import request_state_of
from ingress.state import AppState


def _tag(body: Any) -> str:
    return dialect_of_speech(body).value


SpeechBody = Annotated[
    Annotated[CreateSpeechRequest, Tag(Dialect.OPENAI.value)]
    | Annotated[TextToSpeechRequest, Tag(Dialect.HSE.value)],
    Discriminator(_tag),
]


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(route_class=JsonRoute)

    @routes.post(SPEECH_PATH, tags=["speech"], responses=SPEECH_ANSWERS, response_class=Response)
    async def speech(request: Request, body: Annotated[SpeechBody, Body()]) -> Response:
        """Speak a text. A body with `mode` or another key of HSE's is in HSE's dialect."""
        state = request_state_of(request)
        if isinstance(body, TextToSpeechRequest):
            state.dialect = Dialect.HSE
            return await hse_speech.speak(app_state, state, body)
        return await openai_speech.speak(app_state, state, body)

    @routes.post(
        TRANSCRIPTIONS_PATH,
        tags=["transcription"],
        responses=TRANSCRIPTION_ANSWERS,
        openapi_extra=TRANSCRIPTION_BODY,
        response_class=Response,
    )
    async def transcriptions(request: Request) -> Response:
        """Write down what is said. An upload is OpenAI's dialect, and so is JSON with `file` or an
        object as `input_audio`; other JSON is HSE's."""
        state = request_state_of(request)
        if state.dialect is Dialect.OPENAI:
            recording, asked = await read_form(request, CreateTranscriptionRequest)
        else:
            body = await read_json_body(request)
            if not has_recording(body):
                return await hse_transcriptions.transcribe(app_state, state, body)
            state.dialect = Dialect.OPENAI
            recording, asked = read_json_upload(body, CreateTranscriptionRequest)
        return await openai_transcriptions.transcribe(app_state, state, recording, asked)

    return routes
