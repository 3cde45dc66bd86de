"""One transcript in OpenAI's formats without speakers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from contract.errors import SpeechError
from contract.tasks import TranscribeOutput, TranscriptSegment
from contract.tasks.segments import whisper_fields
from ingress.dialect import Dialect, error_body
from ingress.languages import NAMES
from ingress.openai.details import languages_found, logprobs
from ingress.openai.schemas import CreateTranscriptionRequest, CreateTranslationRequest
from ingress.openai.schemas import ResponseFormat as Format
from ingress.openai.usage import EVENTS_MODEL, usage_of
from ingress.request_state import RequestState
from ingress.streams import sse
from transport.recordings.transcription import Stretch, TextDeltas, joined


def answer(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    return _ANSWERS[asked.response_format](transcript, asked)


async def events(
    state: RequestState,
    parts: AsyncGenerator[TranscribeOutput, None],
    asked: CreateTranslationRequest,
    segments: Callable[[TranscribeOutput], Awaitable[Sequence[bytes]]] | None = None,
) -> AsyncGenerator[bytes, None]:
    """OpenAI's transcript events, as parts come; the deltas join to the text of the last event.

    `segments`: events of the whole transcript that come before the last one. An error behind the
    first part becomes an `error` event, then the end.
    """
    heard: list[TranscribeOutput] = []
    deltas, is_first = TextDeltas(), True
    async with aclosing(parts):
        try:
            async for part in parts:
                heard.append(part)
                for stretch in deltas.of(part):
                    yield sse(_delta(stretch, asked, is_first=is_first))
                    is_first = False
            for event in await segments(joined(heard)) if segments else ():
                yield event
        except SpeechError as error:
            if not heard:
                raise
            state.error_code = error.code
            yield sse({"type": "error"} | error_body(Dialect.OPENAI, state.named(error)))
            return
    transcript = joined(heard)
    done = {"type": "transcript.text.done", "text": transcript.text}
    yield sse(done | _details(transcript, asked) | {"usage": _usage(transcript, EVENTS_MODEL)})


def _delta(stretch: Stretch, asked: CreateTranslationRequest, *, is_first: bool) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "transcript.text.delta", "delta": stretch.text}
    if has_logprobs(asked):
        event["logprobs"] = logprobs(stretch.words, is_start=is_first)
    return event


def is_transcription(asked: CreateTranslationRequest) -> bool:
    return isinstance(asked, CreateTranscriptionRequest) and asked.task == "transcribe"


def granularities(asked: CreateTranslationRequest) -> Sequence[str]:
    """Whisper's word times do not fit a translation's words: there they are not known."""
    return asked.timestamp_granularities if isinstance(asked, CreateTranscriptionRequest) else ()


def has_logprobs(asked: CreateTranslationRequest) -> bool:
    """OpenAI gives them with json alone."""
    is_json = asked.response_format is Format.JSON
    return isinstance(asked, CreateTranscriptionRequest) and is_json and "logprobs" in asked.include


def _json(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    body: dict[str, Any] = {"text": transcript.text}
    if isinstance(asked, CreateTranscriptionRequest):
        body |= _details(transcript, asked) | {"usage": _usage(transcript, asked.model)}
    return JSONResponse(body)


def _details(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> dict[str, Any]:
    """What only some requests and models of OpenAI's bring."""
    details: dict[str, Any] = {}
    if (asked.model or "").lower().startswith("gpt-transcribe"):
        details["languages"] = languages_found(transcript)
    if has_logprobs(asked):
        words = (word for segment in transcript.segments for word in segment.words or ())
        details["logprobs"] = logprobs(words)
    return details


def _text(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    return PlainTextResponse(transcript.text + "\n")


def _verbose(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    body: dict[str, Any] = {
        "task": "transcribe" if is_transcription(asked) else "translate",
        "language": _language(transcript) if is_transcription(asked) else "english",
        "duration": transcript.duration_s,
        "text": transcript.text,
    }
    wanted = granularities(asked) or ["segment"]
    if "segment" in wanted:
        body["segments"] = [whisper_fields(one) for one in transcript.segments]
    if "word" in wanted:
        body["words"] = list(_words(transcript))
    return JSONResponse(body | {"usage": usage_of(None, transcript.duration_s, 0)})


def _srt(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    cues = (
        f"{number}\n{_clock(one.start_s, ',')} --> {_clock(one.end_s, ',')}\n{_cue(one)}\n\n"
        for number, one in enumerate(transcript.segments, start=1)
    )
    return PlainTextResponse("".join(cues))


def _vtt(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    cues = (
        f"{_clock(one.start_s, '.')} --> {_clock(one.end_s, '.')}\n{_cue(one)}\n\n"
        for one in transcript.segments
    )
    return PlainTextResponse("WEBVTT\n\n" + "".join(cues), media_type="text/vtt")


_ANSWERS: dict[Format, Callable[[TranscribeOutput, CreateTranslationRequest], Response]] = {
    Format.JSON: _json,
    Format.TEXT: _text,
    Format.SRT: _srt,
    Format.VERBOSE_JSON: _verbose,
    Format.VTT: _vtt,
}


def _language(transcript: TranscribeOutput) -> str:
    return NAMES.get(transcript.language, transcript.language)


def _cue(segment: TranscriptSegment) -> str:
    """Cue text; an arrow inside would read as a time."""
    return segment.text.strip().replace("-->", "->")


def _clock(seconds: float, decimal_mark: str) -> str:
    """`01:02:03,004`."""
    total_ms = max(0, round(seconds * 1000))
    minutes, ms = divmod(total_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{ms // 1000:02d}{decimal_mark}{ms % 1000:03d}"


def _words(transcript: TranscribeOutput) -> Iterator[dict[str, Any]]:
    for segment in transcript.segments:
        for word in segment.words or ():
            yield {"word": word.word.strip(), "start": word.start_s, "end": word.end_s}


def _usage(transcript: TranscribeOutput, model: str | None) -> dict[str, Any]:
    written = sum(len(segment.tokens) for segment in transcript.segments)
    return usage_of(model, transcript.duration_s, written)
