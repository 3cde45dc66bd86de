"""Transcription and translation of uploads, in OpenAI's dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.errors import InvalidRequest
from contract.tasks import DiarizeInput, TranscribeInput, TranscribeSpeakersInput
from ingress import long_recordings
from ingress.endpoints import TRANSCRIPTIONS
from ingress.media import read_speech
from ingress.openai import speakers, transcripts
from ingress.openai.forms import Recording, read_form
from ingress.openai.hints import hints
from ingress.openai.schemas import (
    CreateTranscriptionRequest,
    CreateTranslationRequest,
)
from ingress.openai.schemas import ResponseFormat as Format
from ingress.openapi import TRANSLATION_ANSWERS, TRANSLATION_BODY
from ingress.request_state import RequestState, request_state_of
from ingress.selection import find_model, is_diarizer
from ingress.state import AppState
from ingress.streams import EVENT_STREAM, ClosingStream, begun

_UNTIMED = (Format.JSON, Format.TEXT)
_BEAMS = range(1, 11)


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
        recording, asked = await read_form(request, CreateTranslationRequest)
        return await transcribe(app_state, state, recording, asked)

    return routes


async def transcribe(
    app_state: AppState, state: RequestState, recording: Recording, asked: CreateTranslationRequest
) -> Response:
    translation = "task" if isinstance(asked, CreateTranscriptionRequest) else "model"
    state.field_names = {"audio": recording.name, "hotwords": "keywords", "translate": translation}
    snapshot, settings = app_state.catalog.current, app_state.settings
    is_toolchain = is_diarizer(snapshot, settings, asked.model)
    model = find_model(snapshot, settings, TRANSCRIPTIONS, None if is_toolchain else asked.model)
    state.model = model.id
    state.note_ignored(asked, *_without_effect(asked))
    options = await _options_of(app_state, asked)
    if asked.response_format is Format.DIARIZED_JSON:
        return await _by_speaker(app_state, state, recording, asked, model.id, options)
    options |= _plain_options(asked)
    audio = await read_speech(app_state, state, recording.data, param=recording.name)
    request = TranscribeInput(audio, **options)
    if _streams(asked):
        parts = long_recordings.parts(app_state, state, model.id, request)
        return _stream(await begun(transcripts.events(state, parts, asked)))
    transcript = await long_recordings.transcript(app_state, state, model.id, request)
    return transcripts.answer(transcript, asked)


async def _by_speaker(
    app_state: AppState,
    state: RequestState,
    recording: Recording,
    asked: CreateTranslationRequest,
    recogniser: str,
    options: dict[str, Any],
) -> Response:
    if not isinstance(asked, CreateTranscriptionRequest) or asked.task == "translate":
        raise InvalidRequest(
            "response_format diarized_json is for transcriptions alone; ask for json, text, srt, "
            "verbose_json or vtt",
            param="response_format",
        )
    state.model = speakers.diarizing_toolchain(app_state)
    names, references = await speakers.read_known_speakers(app_state, state, asked)
    audio = await read_speech(app_state, state, recording.data, param=recording.name)
    count = asked.num_speakers
    if asked.stream and long_recordings.is_long(app_state, audio):
        plain = TranscribeInput(audio, word_timestamps=True, segment_timestamps=True, **options)
        parts = long_recordings.parts(app_state, state, recogniser, plain)
        diarization = DiarizeInput(audio, names, references, num_speakers=count, **_activity(asked))
        sent = speakers.events_of_parts(app_state, state, parts, diarization, asked)
        return _stream(await begun(sent))
    request = TranscribeSpeakersInput(
        audio, names, references, num_speakers=count, recogniser=recogniser, **options
    )
    transcript = await app_state.call(state.model, request, state)
    if asked.stream:
        return _stream(_each(speakers.events(transcript)))
    return speakers.answer(transcript, asked)


async def _each(events: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    for event in events:
        yield event


def _stream(events: AsyncGenerator[bytes, None]) -> Response:
    return ClosingStream(events, EVENT_STREAM, {"cache-control": "no-cache"})


async def _options_of(app_state: AppState, asked: CreateTranslationRequest) -> dict[str, Any]:
    """In a thread where a language's name may be the first to be looked up."""
    names_languages = asked.language or getattr(asked, "languages", None)
    return await app_state.in_thread(_options, asked) if names_languages else _options(asked)


def _options(asked: CreateTranslationRequest) -> dict[str, Any]:
    """Options for a recogniser, with speakers or without. Blocks when a language's name is the
    first to be looked up."""
    languages, words = [], [asked.hotwords or ""]
    if isinstance(asked, CreateTranscriptionRequest):
        languages, words = asked.languages, words + asked.keywords
    return {
        **hints(asked.language, languages, asked.prompt, words),
        "temperature": asked.temperature,
        **_beams(asked),
        **_activity(asked),
    }


def _plain_options(asked: CreateTranslationRequest) -> dict[str, Any]:
    """What only a transcript without speakers needs."""
    return {
        "translate": not transcripts.is_transcription(asked),
        "segment_timestamps": _streams(asked) or asked.response_format not in _UNTIMED,
        "word_timestamps": "word" in transcripts.granularities(asked)
        or transcripts.has_logprobs(asked),
        "vad_filter": asked.vad_filter is not False,
    }


def _activity(asked: CreateTranslationRequest) -> dict[str, Any]:
    """OpenAI's numbers for voice activity as the tasks call them."""
    if not isinstance(asked, CreateTranscriptionRequest) or not asked.chunking_strategy.is_known:
        return {}
    return {
        "threshold": asked.chunking_strategy.threshold,
        "min_silence_duration_ms": asked.chunking_strategy.silence_duration_ms,
        "speech_pad_ms": asked.chunking_strategy.prefix_padding_ms,
    }


def _beams(asked: CreateTranslationRequest) -> dict[str, Any]:
    """The search's width where it is one that the models take; else their own default."""
    size = asked.beam_size
    return {"beam_size": size} if size is not None and size in _BEAMS else {}


def _streams(asked: CreateTranslationRequest) -> bool:
    """OpenAI ignores `stream` where a model cannot; here it is the format that cannot."""
    is_able = asked.response_format in (*_UNTIMED, Format.DIARIZED_JSON)
    return isinstance(asked, CreateTranscriptionRequest) and asked.stream and is_able


def _without_effect(asked: CreateTranslationRequest) -> list[str]:
    """Known fields that change nothing in this request."""
    names = ["beam_size"] if asked.beam_size is not None and not _beams(asked) else []
    if not isinstance(asked, CreateTranscriptionRequest):
        return names
    is_verbose = asked.response_format is Format.VERBOSE_JSON
    has_speakers = asked.response_format is Format.DIARIZED_JSON
    unused = {
        "timestamp_granularities": bool(asked.timestamp_granularities) and not is_verbose,
        "stream": asked.stream and not _streams(asked),
        "include": bool(asked.include) and not transcripts.has_logprobs(asked),
        "languages": bool(asked.language and asked.languages),
        "chunking_strategy": not asked.chunking_strategy.is_known,
        "known_speaker_names": bool(asked.known_speaker_names) and not has_speakers,
        "known_speaker_references": bool(asked.known_speaker_references) and not has_speakers,
        "num_speakers": asked.num_speakers is not None and not has_speakers,
        "vad_filter": asked.vad_filter is not None and has_speakers,
    }
    return names + [name for name, is_unused in unused.items() if is_unused]
