"""Speech segments and transcripts as JSON; the keys are Whisper's and OpenAI's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from contract.errors import InvalidRequest
from contract.tasks import SpeechSegment, TranscriptSegment, Word

S = TypeVar("S", SpeechSegment, TranscriptSegment)

MAX_SEGMENTS = 100_000


def to_json(segments: Iterable[SpeechSegment | TranscriptSegment]) -> list[dict[str, Any]]:
    return [
        _transcript_to_json(one) if isinstance(one, TranscriptSegment) else _speech_to_json(one)
        for one in segments
    ]


def speech_from_json(value: Any, param: str) -> tuple[SpeechSegment, ...]:
    """Read segments; further keys, such as a transcript's, are ignored. Raises InvalidRequest."""
    return _from_json(value, param, _speech_from_json)


def transcript_from_json(value: Any, param: str) -> tuple[TranscriptSegment, ...]:
    return _from_json(value, param, _transcript_from_json)


def check_times(start_s: float, end_s: float, param: str) -> None:
    if not (math.isfinite(start_s) and math.isfinite(end_s) and 0 <= start_s <= end_s):
        raise InvalidRequest(f"{param} need 0 <= start <= end, in seconds", param=param)


def _from_json(value: Any, param: str, read: Callable[[dict[str, Any]], S]) -> tuple[S, ...]:
    if not isinstance(value, list) or len(value) > MAX_SEGMENTS:
        raise InvalidRequest(
            f"{param} must be a list of at most {MAX_SEGMENTS} objects with start and end",
            param=param,
        )
    try:
        found = tuple(read(item) for item in value)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InvalidRequest(
            f"{param} must be objects with start and end in seconds", param=param
        ) from None
    for one in found:
        check_times(one.start_s, one.end_s, param)
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _speech_to_json(one: SpeechSegment) -> dict[str, Any]:
    body: dict[str, Any] = {"start": one.start_s, "end": one.end_s}
    return body if one.text is None else body | {"text": one.text}


def _speech_from_json(item: dict[str, Any]) -> SpeechSegment:
    text = item.get("text") if isinstance(item, dict) else None
    return SpeechSegment(
        _number(item["start"]), _number(item["end"]), None if text is None else _text(text)
    )


def whisper_fields(one: TranscriptSegment) -> dict[str, Any]:
    """A segment as Whisper's own JSON spells it, its words apart."""
    return {
        "id": one.id,
        "seek": one.seek,
        "start": one.start_s,
        "end": one.end_s,
        "text": one.text,
        "tokens": list(one.tokens),
        "temperature": one.temperature,
        "avg_logprob": one.avg_logprob,
        "compression_ratio": one.compression_ratio,
        "no_speech_prob": one.no_speech_prob,
    }


def _transcript_to_json(one: TranscriptSegment) -> dict[str, Any]:
    body = whisper_fields(one)
    if one.words is not None:
        body["words"] = [
            {"start": w.start_s, "end": w.end_s, "word": w.word, "probability": w.probability}
            for w in one.words
        ]
    return body


def _transcript_from_json(item: dict[str, Any]) -> TranscriptSegment:
    words = item.get("words")
    return TranscriptSegment(
        id=int(item["id"]),
        seek=int(item["seek"]),
        start_s=_number(item["start"]),
        end_s=_number(item["end"]),
        text=_text(item["text"]),
        tokens=tuple(int(token) for token in item["tokens"]),
        temperature=_number(item["temperature"]),
        avg_logprob=_number(item["avg_logprob"]),
        compression_ratio=_number(item["compression_ratio"]),
        no_speech_prob=_number(item["no_speech_prob"]),
        words=None if words is None else tuple(_word_from_json(word) for word in words),
    )


def _word_from_json(item: dict[str, Any]) -> Word:
    return Word(
        _number(item["start"]),
        _number(item["end"]),
        _text(item["word"]),
        _number(item["probability"]),
    )
