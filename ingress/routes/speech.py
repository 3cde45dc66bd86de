"""POST /v1/audio/speech in both dialects."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import Discriminator, Tag
from starlette.responses import Response

from contract.audio.codec import Audio
from contract.errors import InvalidRequest
from contract.tasks import SEGMENT_SOURCES, SPEAK_MODES
from ingress import filters
from ingress.dialect import SPEECH_PATH, Dialect, dialect_of_speech
from ingress.hse.answers import answer_audio, manner_of
from ingress.hse.schemas import AudioOutputOptions, TextToSpeechRequest
from ingress.listings import SPEECH, ListedModel
from ingress.media import read_embedding, read_voice, write_file
from ingress.openai.schemas import CreateSpeechRequest
from ingress.openapi import SPEECH_ANSWERS
from ingress.request_state import RequestState, request_state_of
from ingress.selection import check_speaker, find_card, find_voice
from ingress.sentences import check_text, packed, split
from ingress.speaking import Manner, Reference, Speak, joined, speak_with
from ingress.state import AppState
from ingress.streams import (
    EVENT_STREAM,
    ClosingStream,
    begun,
    encoded,
    speech_events,
)
from ingress.vad_data import read_segments


def _tag(body: Any) -> str:
    """Bodies arrive as parsed JSON; models, which only a test would pass, speak for themselves."""
    if isinstance(body, TextToSpeechRequest):
        return Dialect.HSE.value
    return dialect_of_speech(body).value


SpeechBody = Annotated[
    Annotated[CreateSpeechRequest, Tag(Dialect.OPENAI.value)]
    | Annotated[TextToSpeechRequest, Tag(Dialect.HSE.value)],
    Discriminator(_tag),
]


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(tags=["speech"])

    @routes.post(SPEECH_PATH, responses=SPEECH_ANSWERS, response_class=Response)
    async def speech(request: Request, body: Annotated[SpeechBody, Body()]) -> Response:
        """Speak a text. A body with `mode` or another key of HSE's is in HSE's dialect."""
        state = request_state_of(request)
        if isinstance(body, TextToSpeechRequest):
            state.dialect = Dialect.HSE
            return await _speak_hse(app_state, state, body)
        return await _speak_openai(app_state, state, body)

    return routes


# OpenAI -------------------------------------------------------------------------------------


async def _speak_openai(
    app_state: AppState, state: RequestState, body: CreateSpeechRequest
) -> Response:
    state.field_names = {"text": "input"}
    snapshot = app_state.catalog.current
    card = find_card(snapshot, app_state.settings, SPEECH, body.model)
    state.model = card.id
    speaker = find_voice(snapshot, card, body.voice_name, body.language)
    if body.instructions and body.instructions.strip():
        raise InvalidRequest(
            f"{card.id} cannot follow instructions; leave them out", param="instructions"
        )
    text = check_text(body.input, max_chars=app_state.settings.max_text_chars, param="input")
    speak = speak_with(app_state, state, card, speaker, Manner(body.speed, seed=body.seed))
    return await _send(app_state, state, split(text, speaker.language), speak, body)


async def _send(
    app_state: AppState,
    state: RequestState,
    pieces: list[str],
    speak: Speak,
    body: CreateSpeechRequest,
) -> Response:
    """One piece is sent as a complete file, several as they are made."""
    content_type = body.response_format.content_type
    if len(pieces) == 1 and body.stream_format == "audio":
        audio = await speak(pieces[0])
        data = await write_file(app_state, state, audio, body.response_format)
        return Response(data, media_type=content_type)
    chunks = encoded(app_state, state, pieces, speak, body.response_format)
    if body.stream_format == "audio":
        return ClosingStream(await begun(chunks), content_type)
    events = speech_events(state, chunks, partial(_usage, body, state))
    return ClosingStream(await begun(events), EVENT_STREAM, {"cache-control": "no-cache"})


_TOKENS_PER_S = 50


def _usage(body: CreateSpeechRequest, state: RequestState) -> dict[str, Any]:
    """Voices here read characters, so a character is a token; audio counts 50 a second."""
    read, spoken = len(body.input), round(state.audio_out_s * _TOKENS_PER_S)
    return {"input_tokens": read, "output_tokens": spoken, "total_tokens": read + spoken}


# HSE ----------------------------------------------------------------------------------------


async def _speak_hse(
    app_state: AppState, state: RequestState, body: TextToSpeechRequest
) -> Response:
    state.field_names = {
        "text": "input",
        "reference_audio": "input_audio",
        "audio": "input_audio",
        "segments": "input_vad_data",
        "segment_source": "input_vad_mode",
        "embedding": "input_embedding",
    }
    _check_mode(body)
    card = find_card(app_state.catalog.current, app_state.settings, SPEECH, body.model)
    state.model = card.id
    speaker = check_speaker(card, body.language, body.voice)
    text = check_text(body.input, max_chars=app_state.settings.max_text_chars, param="input")
    before = filters.plan(app_state, body.pre_processing_filters, param="pre_processing_filters")
    after = filters.plan(app_state, body.post_generation_filters, param="post_generation_filters")
    if not card.is_toolchain:
        _refuse_cloning(card, body)
    manner = manner_of(body.generation_options)
    reference = await _reference(app_state, state, body, before)
    speak = speak_with(app_state, state, card, speaker, manner, body.mode, reference)

    async def speak_filtered(piece: str) -> Audio:
        return await filters.apply(app_state, state, after, await speak(piece))

    pieces = split(text, speaker.language)
    return await _send_hse(app_state, state, pieces, speak_filtered, body)


async def _send_hse(
    app_state: AppState,
    state: RequestState,
    pieces: list[str],
    speak: Speak,
    body: TextToSpeechRequest,
) -> Response:
    options = body.output_options or AudioOutputOptions()
    if options.stream:
        file_format = options.format
        chunks = encoded(app_state, state, pieces, speak, file_format, options.sample_rate)
        return ClosingStream(await begun(chunks), file_format.content_type)
    audio = joined([await speak(piece) for piece in packed(pieces)])
    return await answer_audio(app_state, state, audio, options, prefix="tts", model=body.model)


async def _reference(
    app_state: AppState, state: RequestState, body: TextToSpeechRequest, restorers: tuple[str, ...]
) -> Reference:
    audio = None
    if body.input_audio:
        audio = await read_voice(app_state, state, body.input_audio, param="input_audio")
        audio = await filters.apply(app_state, state, restorers, audio)
    elif restorers:
        raise InvalidRequest(
            "pre_processing_filters restore input_audio, which is missing",
            param="pre_processing_filters",
        )
    embedding = (
        read_embedding(body.input_embedding, param="input_embedding")
        if body.input_embedding
        else None
    )
    segments = read_segments(body.input_vad_data) if body.input_vad_data else None
    return Reference(audio, segments, embedding, body.input_vad_mode or None)


def _check_mode(body: TextToSpeechRequest) -> None:
    if body.mode not in SPEAK_MODES:
        raise InvalidRequest(f"mode must be one of: {', '.join(SPEAK_MODES)}", param="mode")
    if body.input_vad_mode and body.input_vad_mode not in SEGMENT_SOURCES:
        raise InvalidRequest(
            f"input_vad_mode must be one of: {', '.join(SEGMENT_SOURCES)}", param="input_vad_mode"
        )


def _refuse_cloning(card: ListedModel, body: TextToSpeechRequest) -> None:
    """HSE ignores these on a plain synthesizer and speaks in the wrong voice."""
    given = {
        "mode": body.mode != SPEAK_MODES[0],
        "input_audio": body.input_audio,
        "input_embedding": body.input_embedding,
        "input_vad_data": body.input_vad_data,
        "input_vad_mode": body.input_vad_mode,
    }
    for name, value in given.items():
        if value:
            raise InvalidRequest(
                f"{card.id} speaks in its own voices only, so {name} has no effect; "
                "ask a toolchain to clone a voice",
                param=name,
            )
