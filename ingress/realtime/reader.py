"""The client's events: read, dispatched, and refused in OpenAI's shape."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from contract.errors import SpeechError, shown
from contract.json_guard import read_json
from ingress.realtime import events
from ingress.state import AppState

LARGE = 64 << 10
"""Bytes of an event that is read in a thread."""
_SPEECH_TO_SPEECH = frozenset(
    {
        *("response.create", "response.cancel", "output_audio_buffer.clear"),
        *("conversation.item.create", "conversation.item.delete", "conversation.item.retrieve"),
        "conversation.item.truncate",
    }
)
"""Events of OpenAI's that other sessions have (openai-python, realtime_client_event.py)."""

Handler = Callable[[dict[str, Any]], Awaitable[None]]


class Reader:
    def __init__(
        self,
        socket: WebSocket,
        app_state: AppState,
        handlers: Mapping[str, Handler],
        send: Callable[[events.Event], None],
    ) -> None:
        self._socket, self._app_state = socket, app_state
        self._handlers, self._send = handlers, send

    async def run(self) -> None:
        """Raises WebSocketDisconnect when the client leaves, IdleTimeout."""
        while True:
            data = await self._next_message()
            client_event_id: str | None = None
            try:
                client_event = await self._parsed(data)
                given = client_event.get("event_id")
                client_event_id = shown(given, 512) if isinstance(given, str) else None
                await self._handler(client_event.get("type"))(client_event)
            except events.SlowReader:
                raise
            except SpeechError as error:
                self._send(events.error(error, client_event_id))
            await asyncio.sleep(0)  # thousands of small events may have arrived at once

    async def _next_message(self) -> bytes:
        idle_s = self._app_state.settings.realtime_idle_s
        try:
            async with asyncio.timeout(idle_s):
                message = await self._socket.receive()
        except TimeoutError:
            raise events.IdleTimeout(
                f"no event came for {idle_s:g} s; connect again when there is sound to send"
            ) from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text: str | None = message.get("text")
        data: bytes = message["bytes"] if text is None else text.encode()
        return data

    async def _parsed(self, data: bytes) -> dict[str, Any]:
        """Of text and binary messages alike, as long as they are JSON."""
        try:
            if len(data) > LARGE:
                found = await self._app_state.in_thread(read_json, data)
            else:
                found = read_json(data)
        except SpeechError:
            raise events.InvalidJson(
                "the event is not JSON; send sound as base64 in input_audio_buffer.append"
            ) from None
        if not isinstance(found, dict):
            raise events.InvalidJson("an event must be a JSON object with a type")
        return found

    def _handler(self, kind: Any) -> Handler:
        name = shown(kind) if isinstance(kind, str) else ""
        if name in self._handlers:
            return self._handlers[name]
        known = ", ".join(self._handlers)
        if name in _SPEECH_TO_SPEECH:
            raise events.UnknownEvent(
                f"{name} is not part of a transcription session; known: {known}", param="type"
            )
        raise events.UnknownEvent(f"type '{name}' is unknown; known: {known}", param="type")
