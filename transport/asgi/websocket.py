"""WebSocket connections: uvicorn's, with the limits that every other connection has.

uvicorn 0.54 hands its application one message at a time and stops reading until that is taken, so
what a peer sends is bounded by ws_max_size. It waits without end for a peer that does not read
(uvicorn/protocols/websockets/websockets_sansio_impl.py, lines 168-178 and 427), and answers
pings to one; both end here. docs/decisions/0015-realtime.md weighs the library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from transport.asgi.settings import ServerSettings

_SMALL_BYTES = 1 << 20
"""Of a message that is taken however much is on its way to the server."""
_MOST_FRAMES = 4096
"""Of one message; most clients send one."""
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class ArrivingBytes:
    """Of messages that are not complete, or that no application has taken yet, of all sockets."""

    def __init__(self, most: int) -> None:
        self.most, self.now = most, 0


class LimitedWebSocketProtocol(WebSocketsSansIOProtocol):
    """One connection, from the upgrade on."""

    def __init__(
        self,
        *,
        limits: ServerSettings,
        arriving: ArrivingBytes,
        ended: Callable[[], None],
        **uvicorn_arguments: Any,
    ) -> None:
        """`ended` is called when the connection is lost."""
        super().__init__(**uvicorn_arguments)
        self._limits, self._all_arriving, self._ended = limits, arriving, ended
        self._arriving = 0
        self._watch_timer: asyncio.TimerHandle | None = None
        self._unsent = 0
        self._has_sent_more = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._watch_later()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        self._count(-self._arriving)
        self._ended()

    def data_received(self, data: bytes) -> None:
        """The first bytes are the whole request. Where the library cannot read it, uvicorn would
        wait for more."""
        self._count(len(data))
        is_full = self._all_arriving.now > self._all_arriving.most
        if is_full and self._arriving > _SMALL_BYTES and not self.close_sent:
            self.conn.fail(1013, "too much is on its way to the server; come back shortly")
            self.handle_parser_exception()
            return
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.write(_BAD_REQUEST)
            self.transport.close()

    async def send(self, message: Any) -> None:
        """An answer instead of a socket is a complete handshake too; uvicorn would log an error
        for each refused key (the same file, line 416)."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = not message.get("more_body", False)

    async def receive(self) -> Any:
        message = await super().receive()
        self._count(-self._arriving)
        return message

    def _count(self, size: int) -> None:
        self._arriving += size
        self._all_arriving.now += size

    def resume_writing(self) -> None:
        super().resume_writing()
        self._has_sent_more = True

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= _MOST_FRAMES:
            self.conn.fail(1009, "the message has too many frames")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:  # it asks for answers and reads none
            self.transport.abort()

    def _watch_later(self) -> None:
        self._unsent, self._has_sent_more = self.transport.get_write_buffer_size(), False
        self._watch_timer = self.loop.call_later(
            self._limits.progress_timeout_s, self._end_if_stalled
        )

    def _end_if_stalled(self) -> None:
        """Bytes that wait in this process for a peer that does not read end the connection."""
        unsent = self.transport.get_write_buffer_size()
        if 0 < self._unsent <= unsent and not self._has_sent_more:
            self.transport.abort()
        else:
            self._watch_later()
