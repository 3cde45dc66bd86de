"""The server's events, as openai-python 3.57's types have them (types/realtime/*_event.py)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from contract.errors import InvalidRequest, SpeechError
from ingress.dialect import Dialect, error_body

Event = dict[str, Any]
_TRANSCRIPTION = "conversation.item.input_audio_transcription"


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(10)}"


def event(kind: str, **fields: Any) -> Event:
    return {"type": kind, "event_id": new_id("event"), **fields}


def error(refusal: SpeechError, client_event_id: str | None = None) -> Event:
    return event("error", error=_details(refusal) | {"event_id": client_event_id})


class BufferEmpty(InvalidRequest):
    code = "input_audio_buffer_commit_empty"


class SessionExpired(InvalidRequest):
    code = "session_expired"


class IdleTimeout(InvalidRequest):
    code = "session_idle"


class SlowReader(InvalidRequest):
    code = "slow_reader"


class UnknownEvent(InvalidRequest):
    code = "invalid_value"


class InvalidJson(InvalidRequest):
    code = "invalid_json"


class BufferFull(InvalidRequest):
    code = "input_audio_buffer_full"


def item_events(item_id: str, previous_item_id: str | None) -> Iterator[Event]:
    """A stretch of sound has become an item of the conversation."""
    yield event("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous_item_id)
    content = [{"type": "input_audio", "transcript": None}]
    item = {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": content,
    }
    for kind in ("added", "done"):
        yield event(f"conversation.item.{kind}", item=item, previous_item_id=previous_item_id)


def delta(item_id: str, text: str, **details: Any) -> Event:
    fields = {"item_id": item_id, "content_index": 0, "delta": text}
    return event(f"{_TRANSCRIPTION}.delta", **fields, **details)


def completed(item_id: str, text: str, seconds: float, **details: Any) -> Event:
    usage = {"type": "duration", "seconds": round(seconds, 3)}
    return event(
        f"{_TRANSCRIPTION}.completed",
        item_id=item_id,
        content_index=0,
        transcript=text,
        usage=usage,
        **details,
    )


def failed(item_id: str, refusal: SpeechError) -> Event:
    return event(
        f"{_TRANSCRIPTION}.failed", item_id=item_id, content_index=0, error=_details(refusal)
    )


def _details(refusal: SpeechError) -> dict[str, Any]:
    details: dict[str, Any] = error_body(Dialect.OPENAI, refusal)["error"]
    return details
