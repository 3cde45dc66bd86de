"""ASGI middleware for what the SDK lacks: limited bodies, and an end when the client hangs up."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.errors import PayloadTooLarge
from transport.asgi.settings import MEGABYTE
from transport.kserve.errors import error_response


class _Gone(Exception):
    """The client hung up before its body was complete."""


class RequestGuard:
    """Reads a body whole, counting as it arrives, then watches for the client to hang up.

    The endpoints read whole bodies anyway. A request whose client has gone is cancelled, which
    takes it out of the model's queue.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except _Gone:
            return
        except PayloadTooLarge as error:
            await error_response(error)(scope, receive, send)
            return
        await self._run_while_connected(scope, body, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit():
            self._check(int(announced))
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            body += message.get("body", b"")
            self._check(len(body))
            if not message.get("more_body", False):
                return bytes(body)

    def _check(self, size: int) -> None:
        if size > self._max_body_bytes:
            limit_mb = self._max_body_bytes // MEGABYTE
            raise PayloadTooLarge(f"the body is larger than {limit_mb} MB; send less", param="body")

    async def _run_while_connected(
        self, scope: Scope, body: bytes, receive: Receive, send: Send
    ) -> None:
        is_delivered = False
        ended = asyncio.Event()

        async def replay() -> Message:
            nonlocal is_delivered
            if not is_delivered:
                is_delivered = True
                return {"type": "http.request", "body": body, "more_body": False}
            await ended.wait()
            return {"type": "http.disconnect"}

        work = asyncio.ensure_future(self._app(scope, replay, send))
        watch = asyncio.ensure_future(_until_disconnected(receive))
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            ended.set()
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
        finally:
            watch.cancel()
            work.cancel()
        if not work.cancelled():
            work.result()


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
