"""Sockets that do what HTTP libraries do not: stall, dribble, and never read."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def connected(url: str, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A bare connection to the server at `url`, from any loopback address."""
    port = urlsplit(url).port
    assert port is not None
    with socket.create_connection(
        ("127.0.0.1", port), timeout=10, source_address=(source, 0)
    ) as connection:
        yield connection


def read_to_end(connection: socket.socket) -> bytes:
    """What the server sends until it closes, or breaks the connection."""
    data = b""
    try:
        while chunk := connection.recv(1 << 16):
            data += chunk
    except ConnectionError:
        return data
    return data


def is_cut_off(connection: socket.socket, chunks: Iterable[bytes], pause_s: float = 0) -> bool:
    """Whether the server breaks the connection before all of this has been sent."""
    try:
        for chunk in chunks:
            connection.sendall(chunk)
            time.sleep(pause_s)
    except ConnectionError:
        return True
    return False


def is_open_after(connection: socket.socket, seconds: float) -> bool:
    """Whether the server keeps a connection on which nothing is sent."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
