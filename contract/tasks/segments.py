"""Stretches of speech and transcripts; the fields are Whisper's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

Start = Annotated[float, Field(alias="start", strict=True)]
End = Annotated[float, Field(alias="end", strict=True)]


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch of speech, seconds from the start of the audio."""

    start_s: Start
    end_s: End
    text: Annotated[str | None, Field(strict=True)] = None
    """What was said, where a recogniser found the segment; None where a detector did."""


@dataclass(frozen=True, slots=True)
class Word:
    start_s: Start
    end_s: End
    word: str
    probability: float


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """One segment of a transcript; the fields are Whisper's."""

    id: int
    seek: int
    start_s: Start
    end_s: End
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True, slots=True)
class SpeakerSegment:
    """A stretch of one speaker's speech, with text and words where it was transcribed."""

    start_s: Start
    end_s: End
    speaker: Annotated[str, Field(strict=True)]
    text: Annotated[str | None, Field(strict=True)] = None
    words: tuple[Word, ...] | None = None


_WHISPER = TypeAdapter(TranscriptSegment)


def whisper_fields(one: TranscriptSegment) -> dict[str, Any]:
    """A segment as Whisper's own JSON spells it, its words apart."""
    found: dict[str, Any] = _WHISPER.dump_python(one, mode="json", by_alias=True, exclude={"words"})
    return found
