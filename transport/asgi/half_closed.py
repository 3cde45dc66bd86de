"""Peers that end their side of a connection while they wait for the answer: `nc -N` does, and so do
scripts that call shutdown(SHUT_WR).

Whoever closes a connection for good looks the same until something is sent: then its kernel answers
with a reset. So an interim answer is sent, which every client has to skip (RFC 9110, section 15.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from transport.asgi.tcp import is_reset

_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
_LOOK_S = 0.1
"""What is answered before needs no interim answer."""
_LOOKS_PER_INTERIM = 50
_LOOKS_WITHOUT = 10
"""HTTP/1.0 has no interim answers: such a peer is waited for so many looks."""


class HalfClosedPeer:
    """Watches a peer until its answer is complete, and calls `end` when it has gone."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        cycle: RequestResponseCycle,
        end: Callable[[], None],
    ) -> None:
        self._loop, self._cycle, self._end = loop, cycle, end
        self._looks = 0
        cycle.keep_alive = False
        loop.call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        cycle = self._cycle
        if cycle.response_complete or cycle.transport.is_closing():
            return
        is_old, is_due = cycle.scope["http_version"] == "1.0", not cycle.response_started
        is_too_late = is_old and is_due and self._looks >= _LOOKS_WITHOUT
        if is_too_late or is_reset(cycle.transport):
            self._end()
            return
        if is_due and not is_old and self._looks % _LOOKS_PER_INTERIM == 0:
            cycle.transport.write(_INTERIM)
        self._looks += 1
        self._loop.call_later(_LOOK_S, self._look)
