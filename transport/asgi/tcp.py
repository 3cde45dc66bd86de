"""What Linux's TCP can be asked about a connection, and for it (tcp(7))."""

from __future__ import annotations

import asyncio
import socket
import sys

_TCP_NOTSENT_LOWAT = 25  # linux/tcp.h
_UNSENT_BYTES = 128 << 10
_TCP_CLOSE = 7  # include/net/tcp_states.h


def is_plain_tcp(transport: asyncio.BaseTransport) -> bool:
    """Whether the rest of this module can be asked: no TLS, whose peers close both ways at once."""
    line = transport.get_extra_info("socket")
    return (
        sys.platform == "linux"
        and line is not None
        and line.family in (socket.AF_INET, socket.AF_INET6)
        and transport.get_extra_info("sslcontext") is None
    )


def bound_unsent(transport: asyncio.BaseTransport) -> None:
    """Keep what a peer does not take in this process, where it is seen. The kernel would hide
    megabytes of it: a minute of speech."""
    line = transport.get_extra_info("socket")
    line.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _UNSENT_BYTES)


def is_reset(transport: asyncio.BaseTransport) -> bool:
    """Whether the peer's kernel has said that nobody reads there. asyncio does not see it on a
    connection that it no longer reads."""
    line = transport.get_extra_info("socket")
    return bool(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE)
