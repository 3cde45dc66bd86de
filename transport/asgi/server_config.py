"""uvicorn's configuration for every program of ours: the limits of http_server.py put into it."""

from __future__ import annotations

import asyncio
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from transport.asgi.connections import Connections
from transport.asgi.http_server import LimitedHttpProtocol
from transport.asgi.settings import MEGABYTE, ServerSettings
from transport.asgi.websocket import ArrivingBytes, LimitedWebSocketProtocol

_ARRIVING_SHARE = 4
"""Of max_held_mb, one part for what arrives on sockets."""


def limit(
    config: uvicorn.Config,
    settings: ServerSettings,
    trusted_proxies: str = "",
    max_message_mb: int = 0,
) -> None:
    """Put the limits into a configuration that has not been loaded yet.

    `trusted_proxies`: addresses and networks, separated by commas, whose X-Forwarded-For is
    believed. uvicorn's own default believes the loopback address.
    `max_message_mb`: largest message of a WebSocket; 0: no WebSockets.
    """
    peers: Connections[LimitedHttpProtocol] = Connections(
        settings.max_connections, settings.max_connections_per_address
    )
    arriving = ArrivingBytes(settings.max_held_mb * MEGABYTE // _ARRIVING_SHARE)
    own = {"limits": settings, "peers": peers, "arriving": arriving}
    protocol = type("Protocol", (LimitedHttpProtocol,), own)
    config.http = cast(type[asyncio.Protocol], protocol)
    config.ws = LimitedWebSocketProtocol if max_message_mb else "none"
    config.ws_max_size = max_message_mb * MEGABYTE
    config.ws_ping_interval = config.ws_ping_timeout = settings.progress_timeout_s
    config.ws_per_message_deflate = False  # base64 of sound: work for both ends, and little gain
    config.timeout_keep_alive = settings.keep_alive_s
    config.server_header = False
    config.proxy_headers = bool(trusted_proxies)
    config.forwarded_allow_ips = trusted_proxies


def server_config(
    app: ASGIApp,
    settings: ServerSettings,
    *,
    host: str,
    port: int,
    trusted_proxies: str = "",
    max_message_mb: int = 0,
) -> uvicorn.Config:
    """Our line per request replaces uvicorn's access log. The last two: see limit()."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=settings.grace_s,
    )
    limit(config, settings, trusted_proxies, max_message_mb)
    return config
