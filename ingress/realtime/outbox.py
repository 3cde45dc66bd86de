"""The server's events on their way to the client, bounded: who does not read is let go."""

from __future__ import annotations

import asyncio
import json
from collections import deque

from starlette.websockets import WebSocket

from ingress.realtime import events, metrics

_MOST_BYTES = 1 << 20
_CLOSING_S = 2.0


class Outbox:
    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._waiting: deque[str] = deque()
        self._size = 0
        self._filled = asyncio.Event()

    def put(self, event: events.Event) -> None:
        """Raises SlowReader when a megabyte waits."""
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        if event["type"] == "error":
            metrics.ERRORS.labels(event["error"]["code"]).inc()
        if self._size + len(text) > _MOST_BYTES:
            raise events.SlowReader("events are read too slowly; the session ends")
        self._waiting.append(text)
        self._size += len(text)
        self._filled.set()

    async def run(self) -> None:
        while True:
            self._filled.clear()
            while self._waiting:
                await self._send(self._waiting[0])
                self._size -= len(self._waiting.popleft())
            await self._filled.wait()

    async def close(self, last: events.Event, code: int) -> None:
        """Send what waits and a last event, as far as the client reads; then close. A client that
        reads too slowly gets the last event alone."""
        if self._size > _MOST_BYTES // 2:
            self._waiting.clear()
            self._size = 0
        try:
            self.put(last)
            async with asyncio.timeout(_CLOSING_S):
                for text in self._waiting:
                    await self._send(text)
        except TimeoutError:
            pass  # the connection's own watch ends it
        finally:
            async with asyncio.timeout(_CLOSING_S):
                await self._socket.close(code)

    async def _send(self, text: str) -> None:
        await self._socket.send_text(text)
