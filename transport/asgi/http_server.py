"""The HTTP server of every program of ours: uvicorn, with limits on what a peer may hold open.

uvicorn 0.54 bounds neither the time and size of headers, nor the speed of a body, nor how long an
answer may lie unread, nor connections by address (docs/decisions/0007-http-server-limits.md).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import ClassVar, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from transport.asgi.connections import Connections
from transport.asgi.half_closed import HalfClosedPeer
from transport.asgi.settings import KILOBYTE, ServerSettings
from transport.asgi.tcp import bound_unsent, is_plain_tcp
from transport.asgi.websocket import ArrivingBytes, LimitedWebSocketProtocol

_LINGER_S = 0.5


class _HeadTooLarge(Exception):
    """Ends the parsing of a request's head."""


class _Arriving(Enum):
    """What a connection waits for; each has a timer of its own."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    UNWANTED_BODY = auto()
    """Its request has been answered already."""


class LimitedHttpProtocol(HttpToolsProtocol):
    """One connection. Timers watch it while headers or a body arrive and while an answer leaves."""

    limits: ClassVar[ServerSettings]
    peers: ClassVar[Connections[LimitedHttpProtocol]]
    arriving: ClassVar[ArrivingBytes]

    _timer: asyncio.TimerHandle | None = None
    """Of what is arriving. Most requests arrive at once and need none."""
    _timed = (_Arriving.NOTHING, 0)
    _send_timer: asyncio.TimerHandle | None = None
    _is_leaving = False
    _is_upgraded = False
    """It speaks WebSocket now; another protocol has its bytes."""
    _is_in_head = True
    _is_in_body = False
    _received = 0
    _heads_begun = 0
    _parsed = 0
    """Bytes of the headers that are complete."""
    _unparsed = 0
    """Bytes that came since the head began; a header that never ends is seen here only."""
    _unsent = 0
    _has_sent_more = False

    @property
    def is_waiting(self) -> bool:
        """No request is under way: the connection may be closed to make room for another."""
        is_idle = self.cycle is None or self.cycle.response_complete
        return is_idle and not self._is_in_body and not self._is_upgraded

    @property
    def address(self) -> str:
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if is_plain_tcp(transport):
            bound_unsent(transport)
        if self.peers.admit(self):
            self._time_arrival()
        else:
            self._refuse(503, "too many connections; close some or come back later")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.peers.discard(self)
        self._stop_timer()
        if self._send_timer is not None:
            self._send_timer.cancel()

    def end(self) -> None:
        """Close at once, whatever has not been sent."""
        self.transport.abort()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio reads the answer
        """Whether to go on: the peer may still wait for the answer to a request that is whole."""
        cycle = self.cycle
        if self._arriving is not _Arriving.NOTHING or self.pipeline or cycle is None:
            return False
        is_due = not cycle.response_started and not self.transport.is_closing()
        if is_due and is_plain_tcp(self.transport):
            HalfClosedPeer(self.loop, cycle, self.end)
            return True
        return False

    def shutdown(self) -> None:
        """An idle connection stays a moment longer: a request may be on its way to it already, and
        whoever sent it could not tell whether anything had been done."""
        self._is_leaving = True
        if self.is_waiting:
            self.loop.call_later(_LINGER_S, self._close_if_waiting)
        else:
            super().shutdown()

    def _close_if_waiting(self) -> None:
        if self.is_waiting:
            self.transport.close()

    # What arrives ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if not self._is_in_head and not self._is_in_body:
            self._is_in_head = True
        self._received += len(data)
        begun = self._heads_begun
        super().data_received(data)
        if self._is_upgraded:
            return
        if self._is_in_head and self._heads_begun == begun:  # nothing but more of the same head
            self._unparsed += len(data)
            if self._is_head_too_large and not self.transport.is_closing():
                self.send_400_response("")
        self._time_arrival()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heads_begun += 1
        self._is_in_head, self._parsed, self._unparsed = True, 0, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_parsed(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count_parsed(len(name) + len(value))

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._is_in_head, self._is_in_body = False, True
        if self._is_leaving and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_body = False

    def _count_parsed(self, size: int) -> None:
        self._parsed += size
        if self._is_head_too_large:
            raise _HeadTooLarge

    @property
    def _is_head_too_large(self) -> bool:
        size = max(self._parsed, self._unparsed)
        too_many = len(self.headers or ()) > self.limits.max_headers
        return too_many or size > self.limits.max_header_kb * KILOBYTE

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls this for whatever its parser could not read, our limits included."""
        if self._is_head_too_large:
            self._refuse(431, "the request's headers are too large or too many")
        else:
            self._refuse(400, "this is not a valid HTTP request")

    def handle_websocket_upgrade(self) -> None:
        """The connection keeps its place among the others until it is lost."""
        self._is_upgraded = True
        self._stop_timer()
        if self._send_timer is not None:
            self._send_timer.cancel()
        protocol = partial(
            LimitedWebSocketProtocol,
            limits=self.limits,
            arriving=self.arriving,
            ended=lambda: self.peers.discard(self),
        )
        self.ws_protocol_class = cast(type[asyncio.Protocol], protocol)  # uvicorn only calls it
        super().handle_websocket_upgrade()

    @property
    def _arriving(self) -> _Arriving:
        if self._is_in_head:
            return _Arriving.HEAD
        if not self._is_in_body:
            return _Arriving.NOTHING
        is_answered = self.cycle is not None and self.cycle.response_complete
        return _Arriving.UNWANTED_BODY if is_answered else _Arriving.BODY

    def _time_arrival(self) -> None:
        """Start the timer of what arrives now, unless it runs already."""
        arriving = self._arriving, self._heads_begun
        if arriving == self._timed or self.transport.is_closing():
            return
        self._stop_timer()
        self._timed = arriving
        match self._arriving:
            case _Arriving.HEAD:
                self._restart(self.limits.header_timeout_s, self._head_is_late)
            case _Arriving.BODY:
                self._watch_upload()
            case _Arriving.UNWANTED_BODY:
                self._restart(self.limits.header_timeout_s, self.end)

    def _head_is_late(self) -> None:
        if self.flow.read_paused:  # it waits behind another request of the same connection
            self._restart(self.limits.header_timeout_s, self._head_is_late)
        elif self._received:
            self._refuse(408, "the request's headers did not arrive in time")
        else:
            self.transport.close()

    def _watch_upload(self) -> None:
        before = self._received

        def check() -> None:
            is_slow = self._received - before < self._fewest_bytes
            if is_slow and not self.flow.read_paused:
                self._refuse(408, "the request's body arrives too slowly")
            else:
                self._watch_upload()

        self._restart(self.limits.progress_timeout_s, check)

    @property
    def _fewest_bytes(self) -> float:
        return self.limits.progress_timeout_s * self.limits.min_bytes_per_s

    # What leaves ----------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_unsent()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._has_sent_more = True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._has_sent_more = True
        if self.transport.get_write_buffer_size():
            self._watch_unsent()
        self._time_arrival()

    def _watch_unsent(self) -> None:
        """Bytes that wait in this process for a peer that does not read end the connection."""
        if self._send_timer is None:
            self._unsent, self._has_sent_more = self.transport.get_write_buffer_size(), False
            timeout_s = self.limits.progress_timeout_s
            self._send_timer = self.loop.call_later(timeout_s, self._check_unsent)

    def _check_unsent(self) -> None:
        self._send_timer = None
        unsent = self.transport.get_write_buffer_size()
        if not unsent:
            return
        if self._has_sent_more or self._unsent - unsent >= self._fewest_bytes:
            self._watch_unsent()
        else:
            self.end()

    # Both -----------------------------------------------------------------------------------

    def _refuse(self, status: int, message: str) -> None:
        """Answer where no answer has begun, then close."""
        if self.cycle is not None and self.cycle.response_started and not self.is_waiting:
            self.end()
            return
        body = json.dumps({"error": message}).encode()
        head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head % len(body) + body)
        self.transport.close()

    def _restart(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, then)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
