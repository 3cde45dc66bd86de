"""Stops the work of clients that have gone. Starlette notices them only while it streams."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.errors import Cancelled
from ingress.request_state import RequestState


async def while_connected(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, state: RequestState
) -> None:
    """Run the application; cancel it when the client leaves before the answer is complete.

    Raises Cancelled then.
    """
    line = _Line(receive)
    work = asyncio.create_task(_run(app, scope, line, send))
    watch = asyncio.create_task(line.watch())
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        if not work.done() and not state.is_answered:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            raise Cancelled("the client has gone")
        await work
    finally:
        work.cancel()
        watch.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)


async def _run(app: ASGIApp, scope: Scope, line: _Line, send: Send) -> None:
    await app(scope, line.receive, send)


class _Line:
    """The client's side of the connection: first the body, then the news that it has gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._body_read, self._gone = asyncio.Event(), asyncio.Event()

    async def receive(self) -> Message:
        if self._body_read.is_set():
            await self._gone.wait()
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone.set()
        if not message.get("more_body", False):
            self._body_read.set()
        return message

    async def watch(self) -> None:
        """Return when the client has gone."""
        await self._body_read.wait()
        while not self._gone.is_set():
            if (await self._receive())["type"] == "http.disconnect":
                self._gone.set()
