"""Paths as clients spell them: doubled and trailing slashes, and HEAD where GET is answered."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SLASHES = re.compile(r"/{2,}")


class LenientPaths:
    """ASGI middleware, outermost. A redirect would do for GET; a POST loses its body on one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = _SLASHES.sub("/", scope["path"])
        path = path.rstrip("/") or "/"
        if scope.get("method") != "HEAD":
            await self._app({**scope, "path": path}, receive, send)
            return
        as_get = {**scope, "path": path, "method": "GET"}
        await self._app(as_get, receive, _without_body(send))


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
