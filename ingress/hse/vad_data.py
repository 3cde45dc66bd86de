"""Speech segments that an HSE client brings along, in each of the shapes it may have them.

Whisper's: `{"segments": [{"start", "end", "text"}]}` in seconds. Silero's: the same without
text, in 16 kHz samples. An answer of our /v1/audio/vad: `timestamps`, and `timestamps_unit` that
says which.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, NoReturn

from contract.errors import InvalidRequest
from contract.tasks import SpeechSegment
from ingress.media import SPEECH_RATE

PARAM = "input_vad_data"
_MOST_SEGMENTS = 10_000
_MOST_CHARS = 4 << 20
_LATEST_S = 1e6


def read_segments(data: str | dict[str, Any]) -> tuple[SpeechSegment, ...]:
    """Segments in seconds and in order of time. Raises InvalidRequest."""
    document = data if isinstance(data, dict) else _parse(data)
    listed = document.get("segments", document.get("timestamps"))
    if not isinstance(listed, list) or not listed:
        _refuse("holds no segments; send what /v1/audio/vad answered with get_timestamps")
    if len(listed) > _MOST_SEGMENTS:
        _refuse(f"has {len(listed)} segments; the most is {_MOST_SEGMENTS}")
    scale = 1 / SPEECH_RATE if _counts_samples(document, listed) else 1.0
    segments = tuple(_segment(one, scale) for one in listed)
    if any(after.start_s < before.start_s for before, after in pairwise(segments)):
        _refuse("is not in order of time; sort the segments by start")
    return segments


def _parse(text: str) -> dict[str, Any]:
    if len(text) > _MOST_CHARS:
        _refuse(f"has {len(text)} characters; the most is {_MOST_CHARS}")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        _refuse("is not JSON; send what /v1/audio/vad answered")
    if not isinstance(document, dict):
        _refuse("must be a JSON object with segments or timestamps")
    return document


def _counts_samples(document: dict[str, Any], listed: list[Any]) -> bool:
    unit = document.get("timestamps_unit")
    if unit is not None:
        return bool(unit == "samples")
    return all(
        isinstance(one, dict)
        and "text" not in one
        and isinstance(one.get("start"), int)
        and isinstance(one.get("end"), int)
        for one in listed
    )


def _segment(one: Any, scale: float) -> SpeechSegment:
    if not isinstance(one, dict):
        _refuse("must list segments as objects with start and end")
    start, end = _number(one.get("start")), _number(one.get("end"))
    if not 0 <= start <= end <= _LATEST_S / scale:
        _refuse("has a segment that starts before 0 or ends before it starts")
    text = one.get("text")
    return SpeechSegment(start * scale, end * scale, text if isinstance(text, str) else None)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse("needs a number for start and end of every segment")
    return value


def _refuse(why: str) -> NoReturn:
    raise InvalidRequest(f"{PARAM} {why}", param=PARAM)
