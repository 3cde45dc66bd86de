"""ASGI middleware for what the SDK lacks: limited bodies, and an end when the client hangs up."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from contract.errors import Cancelled, SpeechError
from transport.asgi.body import read_body, replayed
from transport.asgi.bulkheads import Bulkhead, Lease
from transport.asgi.disconnect import while_connected
from transport.kserve.errors import error_response


class RequestGuard:
    """Reads a body whole, counting as it arrives, then watches for the client to hang up.

    The endpoints read whole bodies anyway. A request whose client has gone is cancelled, which
    takes it out of the model's queue.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, max_held_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._memory = Bulkhead(
            max_held_bytes, full="the server's memory is full of requests; come back shortly"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, send)
            return
        with Lease() as lease:
            try:
                body = await read_body(
                    scope,
                    receive,
                    max_bytes=self._max_body_bytes,
                    inspect=lambda chunk: lease.hold(self._memory, "", len(chunk)),
                )
                await while_connected(self._app, scope, replayed(body, receive), send)
            except Cancelled:
                return
            except SpeechError as error:
                await error_response(error)(scope, receive, send)
