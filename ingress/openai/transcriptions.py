"""Transcription and translation of uploads, in OpenAI's dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.errors import InvalidRequest
from contract.tasks import TranscribeInput, TranscribeOutput
from ingress.endpoints import TRANSCRIPTIONS, ListedModel
from ingress.languages import language_code
from ingress.media import read_speech
from ingress.openai import transcripts
from ingress.openai.forms import read_form
from ingress.openai.schemas import CreateTranscriptionRequest, CreateTranslationRequest
from ingress.openai.schemas import ResponseFormat as Format
from ingress.openapi import TRANSLATION_ANSWERS, TRANSLATION_BODY
from ingress.request_state import RequestState, request_state_of
from ingress.selection import find_card
from ingress.state import AppState
from ingress.streams import EVENT_STREAM, ClosingStream

_UNTIMED = (Format.JSON, Format.TEXT)


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(tags=["transcription"])

    @routes.post(
        "/v1/audio/translations",
        responses=TRANSLATION_ANSWERS,
        openapi_extra=TRANSLATION_BODY,
        response_class=Response,
    )
    async def translations(request: Request) -> Response:
        """Write down in English what is said in any language."""
        state = request_state_of(request)
        file, asked = await read_form(request, CreateTranslationRequest)
        return await _translate(app_state, state, file, asked)

    return routes


async def transcribe(
    app_state: AppState, state: RequestState, file: bytes, asked: CreateTranscriptionRequest
) -> Response:
    card = _card(app_state, state, asked.model)
    _check_combination(asked)
    language = asked.language or next(iter(asked.languages), None)
    transcript = await app_state.call(
        card.id,
        TranscribeInput(
            await read_speech(app_state, state, file, param="file"),
            language=language_code(language, param="language") if language else None,
            prompt=asked.prompt or None,
            hotwords=", ".join(asked.keywords) or None,
            temperature=asked.temperature,
            word_timestamps="word" in asked.timestamp_granularities,
            segment_timestamps=asked.stream or asked.response_format not in _UNTIMED,
        ),
        state,
    )
    if asked.stream:
        return ClosingStream(_events(transcript), EVENT_STREAM, {"cache-control": "no-cache"})
    return transcripts.answer(transcript, asked)


async def _translate(
    app_state: AppState, state: RequestState, file: bytes, asked: CreateTranslationRequest
) -> Response:
    card = _card(app_state, state, asked.model)
    transcript = await app_state.call(
        card.id,
        TranscribeInput(
            await read_speech(app_state, state, file, param="file"),
            translate=True,
            prompt=asked.prompt or None,
            temperature=asked.temperature,
            segment_timestamps=asked.response_format not in _UNTIMED,
        ),
        state,
    )
    return transcripts.answer(transcript, asked)


def _card(app_state: AppState, state: RequestState, model: str) -> ListedModel:
    state.field_names = {"audio": "file", "hotwords": "keywords"}
    card = find_card(app_state.catalog.current, app_state.settings, TRANSCRIPTIONS, model)
    state.model = card.id
    return card


def _check_combination(asked: CreateTranscriptionRequest) -> None:
    if asked.timestamp_granularities and asked.response_format is not Format.VERBOSE_JSON:
        raise InvalidRequest(
            "timestamp_granularities needs response_format verbose_json",
            param="timestamp_granularities",
        )
    if asked.stream and asked.response_format not in _UNTIMED:
        raise InvalidRequest(
            "stream gives text only; ask for response_format json or leave stream out",
            param="stream",
        )
    if asked.language and asked.languages:
        raise InvalidRequest("send language or languages, not both", param="languages")


async def _events(transcript: TranscribeOutput) -> AsyncGenerator[bytes, None]:
    for event in transcripts.events(transcript):
        yield event
