"""One transcript in OpenAI's five formats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from contract.segments import whisper_fields
from contract.tasks import TranscribeOutput, TranscriptSegment
from ingress.languages import NAMES
from ingress.openai.schemas import CreateTranscriptionRequest, CreateTranslationRequest
from ingress.openai.schemas import ResponseFormat as Format
from ingress.streams import sse

_TOKENS_PER_S = 50
"""Whisper's encoder gives 1500 positions for 30 seconds."""


def answer(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    return _ANSWERS[asked.response_format](transcript, asked)


def events(transcript: TranscribeOutput) -> Iterator[bytes]:
    """OpenAI's transcript events; the deltas join to the text of the last one."""
    for delta in _deltas(transcript):
        kind = "transcript.text.delta"
        yield sse(kind, {"type": kind, "delta": delta})
    kind = "transcript.text.done"
    yield sse(kind, {"type": kind, "text": transcript.text, "usage": _token_usage(transcript)})


def _json(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    body: dict[str, Any] = {"text": transcript.text}
    if _is_transcription(asked):
        body["usage"] = _usage(transcript)
    return JSONResponse(body)


def _text(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    return PlainTextResponse(transcript.text + "\n")


def _verbose(transcript: TranscribeOutput, asked: CreateTranslationRequest) -> Response:
    body: dict[str, Any] = {
        "task": "transcribe" if _is_transcription(asked) else "translate",
        "language": _language(transcript) if _is_transcription(asked) else "english",
        "duration": transcript.duration_s,
        "text": transcript.text,
    }
    wanted = getattr(asked, "timestamp_granularities", []) or ["segment"]
    if "segment" in wanted:
        body["segments"] = [whisper_fields(one) for one in transcript.segments]
    if "word" in wanted:
        body["words"] = list(_words(transcript))
    return JSONResponse(body | {"usage": _usage(transcript)})


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


def _is_transcription(asked: CreateTranslationRequest) -> bool:
    return isinstance(asked, CreateTranscriptionRequest)


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


def _deltas(transcript: TranscribeOutput) -> list[str]:
    texts = [segment.text for segment in transcript.segments]
    if not texts or "".join(texts).strip() != transcript.text:
        return [transcript.text]
    return [texts[0].lstrip(), *texts[1:-1], texts[-1].rstrip()] if texts[1:] else [transcript.text]


def _usage(transcript: TranscribeOutput) -> dict[str, Any]:
    return {"type": "duration", "seconds": transcript.duration_s}


def _token_usage(transcript: TranscribeOutput) -> dict[str, Any]:
    heard = math.ceil(transcript.duration_s * _TOKENS_PER_S)
    written = sum(len(segment.tokens) for segment in transcript.segments)
    return {
        "type": "tokens",
        "input_tokens": heard,
        "output_tokens": written,
        "total_tokens": heard + written,
        "input_token_details": {"audio_tokens": heard, "text_tokens": 0},
    }
