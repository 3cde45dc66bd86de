"""Speech segments and transcripts as JSON; the keys are Whisper's and OpenAI's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from contract.errors import InvalidRequest
from contract.tasks import SpeakerSegment, SpeechSegment, TranscriptSegment

MAX_SEGMENTS = 100_000
_SPEECH = TypeAdapter(tuple[SpeechSegment, ...])
_TRANSCRIPT = TypeAdapter(tuple[TranscriptSegment, ...])
_SPEAKERS = TypeAdapter(tuple[SpeakerSegment, ...])
Segment = SpeechSegment | TranscriptSegment | SpeakerSegment
_ANY = TypeAdapter(tuple[Segment, ...])
_WHISPER = TypeAdapter(TranscriptSegment)


def to_json(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ANY.dump_python(
        tuple(segments), mode="json", by_alias=True, exclude_none=True
    )
    return found


def to_json_text(segments: Iterable[Segment]) -> str:
    return _ANY.dump_json(tuple(segments), by_alias=True, exclude_none=True).decode()


def whisper_fields(one: TranscriptSegment) -> dict[str, Any]:
    """A segment as Whisper's own JSON spells it, its words apart."""
    found: dict[str, Any] = _WHISPER.dump_python(one, mode="json", by_alias=True, exclude={"words"})
    return found


def speech_from_json(value: Any, param: str) -> tuple[SpeechSegment, ...]:
    """Read segments; further keys, such as a transcript's, are ignored. Raises InvalidRequest."""
    return _read(_SPEECH, value, param)


def transcript_from_json(value: Any, param: str) -> tuple[TranscriptSegment, ...]:
    return _read(_TRANSCRIPT, value, param)


def speakers_from_json(value: Any, param: str) -> tuple[SpeakerSegment, ...]:
    return _read(_SPEAKERS, value, param)


def check_times(start_s: float, end_s: float, param: str) -> None:
    if not (math.isfinite(start_s) and math.isfinite(end_s) and 0 <= start_s <= end_s):
        raise InvalidRequest(f"{param} need 0 <= start <= end, in seconds", param=param)


def _read(adapter: TypeAdapter[Any], value: Any, param: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MAX_SEGMENTS:
        raise InvalidRequest(
            f"{param} must be a list of at most {MAX_SEGMENTS} objects with start and end",
            param=param,
        )
    try:
        found: tuple[Any, ...] = adapter.validate_python(value)
    except ValidationError:
        raise InvalidRequest(
            f"{param} must be objects with start and end in seconds", param=param
        ) from None
    for one in found:
        check_times(one.start_s, one.end_s, param)
    return found
