"""Stops the work of clients that have gone. Starlette notices them only while it streams."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.errors import Cancelled


async def while_connected(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application; cancel it when the client leaves before the answer is complete.

    Returns when the work has ended. Raises Cancelled when the client left.
    """
    connection = _ClientConnection(receive, send)
    work = asyncio.ensure_future(app(scope, connection.receive, connection.send))
    watch = asyncio.create_task(connection.watch())
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        if not work.done() and not connection.is_answered:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            raise Cancelled("the client has gone")
        await work
    finally:
        work.cancel()
        watch.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)


class _ClientConnection:
    """First the body, then the news that the client has gone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._body_read, self._gone = asyncio.Event(), asyncio.Event()
        self.is_answered = False

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

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.is_answered = not message.get("more_body", False)
        await self._send(message)

    async def watch(self) -> None:
        """Return when the client has gone."""
        await self._body_read.wait()
        while not self._gone.is_set():
            if (await self._receive())["type"] == "http.disconnect":
                self._gone.set()
