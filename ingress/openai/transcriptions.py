"""Transcription and translation of uploads, in OpenAI's dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.audio.codec import Audio
from contract.tasks import TranscribeInput, TranscribeOutput
from ingress.endpoints import TRANSCRIPTIONS
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
_BEAMS = range(1, 11)
_PROMPT_CHARS, _HOTWORDS_CHARS = 4096, 1024
"""More than Whisper reads of either: 223 tokens before the transcript."""


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
        return await transcribe(app_state, state, file, asked)

    return routes


async def transcribe(
    app_state: AppState, state: RequestState, file: bytes, asked: CreateTranslationRequest
) -> Response:
    translation = "task" if isinstance(asked, CreateTranscriptionRequest) else "model"
    state.field_names = {"audio": "file", "hotwords": "keywords", "translate": translation}
    card = find_card(app_state.catalog.current, app_state.settings, TRANSCRIPTIONS, asked.model)
    state.model = card.id
    state.note_ignored(asked, *_without_effect(asked))
    request = await app_state.in_thread(_request, asked)
    audio = await read_speech(app_state, state, file, param="file")
    transcript = await app_state.call(card.id, request(audio), state)
    if _streams(asked):
        events = _events(transcript, asked)
        return ClosingStream(events, EVENT_STREAM, {"cache-control": "no-cache"})
    return transcripts.answer(transcript, asked)


def _request(asked: CreateTranslationRequest) -> Callable[[Audio], TranscribeInput]:
    """All but the audio. Blocks when a language's name is the first to be looked up."""
    language, languages = _languages(asked)
    hotwords = [asked.hotwords] if asked.hotwords else []
    common = partial(
        TranscribeInput,
        language=language,
        translate=not transcripts.is_transcription(asked),
        prompt=asked.prompt[-_PROMPT_CHARS:] if asked.prompt else None,
        temperature=asked.temperature,
        segment_timestamps=_streams(asked) or asked.response_format not in _UNTIMED,
        vad_filter=asked.vad_filter is not False,
        **_beams(asked),
    )
    if not isinstance(asked, CreateTranscriptionRequest):
        return partial(common, hotwords=_joined(hotwords))
    return partial(
        common,
        languages=languages,
        hotwords=_joined([*hotwords, *asked.keywords]),
        word_timestamps="word" in asked.timestamp_granularities or transcripts.has_logprobs(asked),
    )


def _beams(asked: CreateTranslationRequest) -> dict[str, Any]:
    """The search's width where it is one that the models take; else their own default."""
    size = asked.beam_size
    return {"beam_size": size} if size is not None and size in _BEAMS else {}


def _languages(asked: CreateTranslationRequest) -> tuple[str | None, str | None]:
    """The language, else several with commas to detect among; both None: free detection."""
    if asked.language:
        return language_code(asked.language, param="language"), None
    spellings = asked.languages if isinstance(asked, CreateTranscriptionRequest) else []
    codes = list(dict.fromkeys(language_code(one, param="languages") for one in spellings))
    known = [code for code in codes if code]
    if len(known) < len(codes):
        return None, None
    return (known[0], None) if len(known) == 1 else (None, ",".join(known) or None)


def _joined(words: list[str]) -> str | None:
    """The first words that fit, the list cut between two of them."""
    text = ", ".join(words)
    if len(text) > _HOTWORDS_CHARS:
        text = text[:_HOTWORDS_CHARS].rpartition(", ")[0] or text[:_HOTWORDS_CHARS]
    return text or None


def _streams(asked: CreateTranslationRequest) -> bool:
    """OpenAI ignores `stream` where a model cannot; here it is the format that cannot."""
    is_text = asked.response_format in _UNTIMED
    return isinstance(asked, CreateTranscriptionRequest) and asked.stream and is_text


def _without_effect(asked: CreateTranslationRequest) -> list[str]:
    """Known fields that change nothing in this request."""
    names = ["beam_size"] if asked.beam_size is not None and not _beams(asked) else []
    if not isinstance(asked, CreateTranscriptionRequest):
        return names
    is_auto = asked.chunking_strategy in (None, "auto", {"type": "server_vad"})
    is_verbose = asked.response_format is Format.VERBOSE_JSON
    unused = {
        "timestamp_granularities": bool(asked.timestamp_granularities) and not is_verbose,
        "stream": asked.stream and not _streams(asked),
        "include": bool(asked.include) and not transcripts.has_logprobs(asked),
        "languages": bool(asked.language and asked.languages),
        "chunking_strategy": not is_auto,
    }
    return names + [name for name, is_unused in unused.items() if is_unused]


async def _events(
    transcript: TranscribeOutput, asked: CreateTranslationRequest
) -> AsyncGenerator[bytes, None]:
    for event in transcripts.events(transcript, asked):
        yield event
