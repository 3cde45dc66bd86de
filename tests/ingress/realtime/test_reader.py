"""One socket's events leave the event loop to all others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fake_client import FakeClient
from ingress_app import catalog
from starlette.websockets import WebSocket, WebSocketDisconnect

from ingress.realtime.reader import Reader
from ingress.settings import Settings
from ingress.state import AppState

_EVENTS = 1_000


async def test_events_that_have_all_arrived_keep_nobody_waiting() -> None:
    """A packet holds thousands of small ones; others had no turn until the last was answered."""
    clear = {"type": "websocket.receive", "text": '{"type": "input_audio_buffer.clear"}'}
    arrived = [{"type": "websocket.connect"}, *[clear] * _EVENTS, {"type": "websocket.disconnect"}]
    arrived.reverse()
    others_turns = 0

    async def receive() -> dict[str, Any]:
        return arrived.pop()

    async def send(_: Any) -> None: ...

    async def done(_: dict[str, Any]) -> None: ...

    async def others() -> None:
        nonlocal others_turns
        while arrived:
            others_turns += 1
            await asyncio.sleep(0)

    socket = WebSocket({"type": "websocket", "headers": []}, receive, send)
    await socket.receive()
    app_state = AppState(Settings(voices_db="none"), FakeClient(), catalog())
    reader = Reader(socket, app_state, {"input_audio_buffer.clear": done}, lambda _: None)
    other = asyncio.create_task(others())
    with pytest.raises(WebSocketDisconnect):
        await reader.run()
    await other
    assert others_turns > _EVENTS / 2
