"""Who a server of one machine answers where it asks for no key: whoever means this machine."""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from contract.errors import SpeechError, shown
from ingress.dialect import Dialect, error_response

_LOCAL = re.compile(r"[^.]+|.+\.(localhost|local|internal)")
"""Names that nobody can register: without a dot, or below a top-level domain kept for this
(RFC 6761, RFC 6762, ICANN's resolution of 2024-07-29). Containers say host.docker.internal."""


class HostRefused(SpeechError):
    status = 403
    code = "host_not_allowed"


class LocalHosts:
    """ASGI middleware, outermost. A page of a stranger whose name is made to mean 127.0.0.1 (DNS
    rebinding) counts as this server's own in a browser, whatever CORS says; its Host gives it
    away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if is_local(host):
            await self._app(scope, receive, send)
            return
        refused = HostRefused(
            f"host {shown(host)!r} is not this machine; call it by localhost or an address, or set "
            "SPEECH_API_KEYS or SPEECH_CORS_ORIGINS to serve others"
        )
        response = error_response(Dialect.OPENAI, refused)
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)


def is_local(host: str) -> bool:
    """Whether a Host header, with a port or without, is an address or a name of this machine."""
    name = re.sub(r":\d*$", "", host.strip().lower()).rstrip(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return not name or _LOCAL.fullmatch(name) is not None
    return True
