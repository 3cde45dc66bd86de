"""Who may come in: keys, rate limits, a bounded number at once, bodies of bounded length.

All of it happens before a body is read, except its length, which is counted while it is read.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.errors import Overloaded, PayloadTooLarge
from ingress.keys import KeyRing, RateLimit

_GUARDED = "/v1"


class Admission:
    """ASGI middleware before every /v1 path; health, version, metrics and preflights pass."""

    def __init__(
        self, app: ASGIApp, *, keys: KeyRing, rate: RateLimit, max_concurrent: int
    ) -> None:
        self._app, self._keys, self._rate = app, keys, rate
        self._max_concurrent, self._inside = max_concurrent, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_guarded(scope):
            await self._app(scope, receive, send)
            return
        caller = self._keys.identify(Headers(scope=scope))
        self._rate.take(caller or _address(scope))
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if self._inside >= self._max_concurrent:
            raise Overloaded(
                f"{self._max_concurrent} requests are already under way; come back shortly",
                retry_after_s=1,
            )
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1


def _is_guarded(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] != "OPTIONS" and (path == _GUARDED or path.startswith(f"{_GUARDED}/"))


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


class BodyTooLong(HTTPException):
    """Raised while a body is read. FastAPI turns any other exception there into a 400."""


class BodyLimit:
    """ASGI middleware that refuses a body by its announced length, or as soon as it is too long."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes
        self._message = f"the body is longer than {max_bytes} bytes; send shorter audio"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max_bytes:
            raise PayloadTooLarge(self._message)
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_bytes:
                raise BodyTooLong(413, self._message)
            return message

        await self._app(scope, counted, send)
