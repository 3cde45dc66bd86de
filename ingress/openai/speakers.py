"""Who says what: known speakers as they come in, and the diarized transcript as it goes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from starlette.responses import JSONResponse, Response

from contract.audio.codec import Audio
from contract.errors import InvalidRequest
from contract.tasks import (
    DiarizeInput,
    SpeakerSegment,
    TranscribeOutput,
    TranscribeSpeakersOutput,
)
from ingress.endpoints import SPEAKERS, listed_models
from ingress.media import read_reference
from ingress.openai import transcripts
from ingress.openai.schemas import CreateTranscriptionRequest, DiarizedSegment
from ingress.openai.usage import EVENTS_MODEL, usage_of
from ingress.request_state import RequestState
from ingress.state import AppState
from ingress.streams import sse
from ingress.wording import quoted
from transport.recordings.by_speaker import by_speaker

MOST_KNOWN_SPEAKERS = 4
_SHORTEST_S, _LONGEST_S = 2.0, 10.0
_TOLERANCE_S = 0.05
"""Encoders of compressed sound add or lose a frame."""
_NAMES, _REFERENCES = "known_speaker_names", "known_speaker_references"


def diarizing_toolchain(app_state: AppState) -> str:
    """Who answers `diarized_json`. Raises InvalidRequest where nobody does."""
    name = next(iter(listed_models(app_state.catalog.current, SPEAKERS)), None)
    if name is None:
        raise InvalidRequest(
            "response_format diarized_json needs the toolchain diarize, which is not served here; "
            "configure a speech detector and a speaker encoder, or ask for json",
            param="response_format",
        )
    return name


async def read_known_speakers(
    app_state: AppState, state: RequestState, asked: CreateTranscriptionRequest
) -> tuple[tuple[str, ...], tuple[Audio, ...]]:
    """Names and their recordings. Raises InvalidRequest that names the field."""
    names, references = asked.known_speaker_names, asked.known_speaker_references
    if len(names) != len(references):
        raise InvalidRequest(
            f"{_REFERENCES} has {len(references)} entries and {_NAMES} {len(names)}; "
            "send one recording for each name",
            param=_REFERENCES,
        )
    if len(names) > MOST_KNOWN_SPEAKERS:
        raise InvalidRequest(
            f"{_NAMES} has {len(names)} entries; the most is {MOST_KNOWN_SPEAKERS}", param=_NAMES
        )
    if len(set(names)) < len(names):
        raise InvalidRequest(f"{_NAMES} has a name twice; send each speaker once", param=_NAMES)
    heard = [
        await _reference(app_state, state, name, one)
        for name, one in zip(names, references, strict=True)
    ]
    return tuple(names), tuple(heard)


async def _reference(app_state: AppState, state: RequestState, name: str, data: str) -> Audio:
    audio = await read_reference(app_state, state, data, param=_REFERENCES)
    if not _SHORTEST_S - _TOLERANCE_S <= audio.duration_s <= _LONGEST_S + _TOLERANCE_S:
        raise InvalidRequest(
            f"{_REFERENCES} must last {_SHORTEST_S:g} to {_LONGEST_S:g} s each; that of "
            f"{quoted(name)} lasts {audio.duration_s:.1f} s",
            param=_REFERENCES,
        )
    return audio


def answer(transcript: TranscribeSpeakersOutput, asked: CreateTranscriptionRequest) -> Response:
    body = {
        "task": "transcribe",
        "duration": transcript.duration_s,
        "text": transcript.text,
        "segments": [_segment(number, one) for number, one in enumerate(transcript.segments)],
        "usage": usage_of(asked.model, transcript.duration_s, transcript.text_tokens),
    }
    return JSONResponse(body)


def events(transcript: TranscribeSpeakersOutput) -> Iterator[bytes]:
    """A delta and a segment for each stretch of one speaker; the deltas join to the text."""
    for number, one in enumerate(transcript.segments):
        segment = _segment(number, one)
        delta = _with_space(one) if number else one.text
        yield sse({"type": "transcript.text.delta", "delta": delta, "segment_id": segment["id"]})
        yield sse(segment)
    usage = usage_of(EVENTS_MODEL, transcript.duration_s, transcript.text_tokens)
    yield sse({"type": "transcript.text.done", "text": transcript.text, "usage": usage})


async def events_of_parts(
    app_state: AppState,
    state: RequestState,
    parts: AsyncGenerator[TranscribeOutput, None],
    diarization: DiarizeInput,
    asked: CreateTranscriptionRequest,
) -> AsyncGenerator[bytes, None]:
    """Of a long recording: deltas as its parts come, without a segment's id; then all segments,
    because who is who is decided over all of it.

    An error before the first part is raised, a later one becomes an `error` event.
    """
    toolchain = diarizing_toolchain(app_state)
    turns = asyncio.ensure_future(app_state.call(toolchain, diarization, state))

    async def while_nothing_failed() -> AsyncGenerator[TranscribeOutput, None]:
        async with aclosing(parts):
            async for part in parts:
                if turns.done():
                    turns.result()
                yield part

    async def segments(transcript: TranscribeOutput) -> Sequence[bytes]:
        found = await turns
        said = await app_state.in_thread(by_speaker, transcript.segments, found.segments)
        return [sse(_segment(number, one)) for number, one in enumerate(said)]

    try:
        sent = transcripts.events(state, while_nothing_failed(), asked, segments)
        async with aclosing(sent):
            async for event in sent:
                yield event
    finally:
        turns.cancel()
        await asyncio.gather(turns, return_exceptions=True)


def _with_space(segment: SpeakerSegment) -> str:
    """Text as it follows other text: words bring the space before them, where there is one."""
    if segment.words:
        return "".join(one.word for one in segment.words)
    return f" {segment.text}"


def _segment(number: int, one: SpeakerSegment) -> dict[str, Any]:
    return DiarizedSegment(
        id=f"seg_{number + 1:03d}",
        start=one.start_s,
        end=one.end_s,
        speaker=one.speaker,
        text=one.text or "",
    ).model_dump()
