"""What one peer may hold open over a WebSocket, on a real server."""

from __future__ import annotations

import base64
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from http_threads import serving_limited
from raw_http import connected, is_cut_off, is_open_after, read_to_end
from starlette.types import Receive, Scope, Send
from websockets.sync.client import connect

from transport.asgi.settings import ServerSettings

Start = Callable[..., str]
_FLOOD = 64 << 20


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says back what it is told; "flood" gets far more than the kernel's buffers hold."""
    assert scope["type"] == "websocket"
    await receive()
    if scope["path"] == "/refused":
        start = {"type": "websocket.http.response.start", "status": 401, "headers": []}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": b"no"})
        return
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "flood":
            for _ in range(_FLOOD >> 20):
                await send({"type": "websocket.send", "bytes": bytes(1 << 20)})
        elif message.get("text") == "close":
            await send({"type": "websocket.close", "code": 1000})
            return
        await send({"type": "websocket.send", "text": str(len(message.get("text") or b""))})


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda max_message_mb=1, **limits: stack.enter_context(
            serving_limited(
                echo,
                ServerSettings(**{"grace_s": 1} | limits),
                max_message_mb=max_message_mb,
            )
        )


def upgraded(line: socket.socket, path: str = "/", extra: bytes = b"") -> bytes:
    """Send a request for an upgrade; the start of its answer."""
    key = base64.b64encode(os.urandom(16))
    line.sendall(
        b"GET " + path.encode() + b" HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n"
        b"upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: "
        + key
        + b"\r\n"
        + extra
        + b"\r\n"
    )
    return line.recv(1 << 16)


def frame(opcode: int, data: bytes, *, is_last: bool = True) -> bytes:
    """One frame of a client, masked by zeros."""
    head = bytes([opcode | (0x80 if is_last else 0)])
    if len(data) < 126:
        return head + bytes([0x80 | len(data)]) + bytes(4) + data
    return head + bytes([0x80 | 127]) + struct.pack("!Q", len(data)) + bytes(4) + data


def address(url: str, path: str = "/") -> str:
    return url.replace("http", "ws", 1) + path


def test_a_conversation_outlives_every_timer_of_a_request(start: Start) -> None:
    url = start(header_timeout_s=0.3, keep_alive_s=1, progress_timeout_s=0.4)
    with connect(address(url)) as line:
        for _ in range(8):
            line.send("hello")
            assert line.recv(timeout=5) == "5"
            time.sleep(0.25)


def test_a_refusal_is_an_http_answer(start: Start) -> None:
    with connected(start()) as line:
        assert upgraded(line, "/refused").startswith(b"HTTP/1.1 401")
        assert not is_open_after(line, 5)


def test_a_half_open_connection_is_noticed(start: Start) -> None:
    """It answers no ping."""
    with connected(start(progress_timeout_s=0.3)) as line:
        assert upgraded(line).startswith(b"HTTP/1.1 101")
        line.settimeout(10)
        assert read_to_end(line)[:1] == b"\x89"  # a ping, then the end


def test_a_peer_that_does_not_read_is_cut_off(start: Start) -> None:
    with connected(start(progress_timeout_s=0.5)) as line:
        upgraded(line)
        line.sendall(frame(1, b"flood"))
        assert is_cut_off(line, (frame(10, b"") for _ in range(100)), pause_s=0.1)


def test_a_peer_that_pings_and_does_not_read_is_cut_off(start: Start) -> None:
    with connected(start(progress_timeout_s=60)) as line:
        upgraded(line)
        pings = frame(9, b"x" * 120) * 1000
        assert is_cut_off(line, (pings for _ in range(10_000)))


def test_a_peer_that_does_not_answer_a_close_is_cut_off(start: Start) -> None:
    with connected(start(progress_timeout_s=0.5)) as line:
        upgraded(line)
        line.sendall(frame(1, b"flood"))
        line.sendall(frame(1, b"close"))
        assert is_cut_off(line, (frame(10, b"") for _ in range(100)), pause_s=0.1)


def test_a_message_is_bounded_whole_and_in_pieces(start: Start) -> None:
    url = start()
    with connected(url) as line:
        upgraded(line)
        line.sendall(frame(1, b"x" * (1 << 20)))
        assert line.recv(100)[2:] == b"1048576"
    with connected(url) as line:
        upgraded(line)
        assert is_cut_off(line, [frame(1, b"x" * (1 << 20) + b"x")] + [frame(10, b"")] * 50, 0.05)
    with connected(url) as line:
        upgraded(line)
        line.sendall(frame(1, b"", is_last=False))
        pieces = (frame(0, b"", is_last=False) * 100 for _ in range(100_000))
        assert is_cut_off(line, pieces)


def test_large_messages_are_bounded_over_all_sockets_and_small_ones_pass(start: Start) -> None:
    """16 MB in all: a quarter of what the server may hold."""
    url = start(max_held_mb=64, max_message_mb=4)
    unfinished = frame(1, b"x" * (3 << 20))[:-1]
    with ExitStack() as stack, connect(address(url)) as small:
        lines = [stack.enter_context(connected(url)) for _ in range(8)]
        for line in lines:
            upgraded(line)
            with suppress(ConnectionError):
                line.sendall(unfinished)
        small.send("hello")
        assert small.recv(timeout=10) == "5"
        refusal = read_to_end(lines[-1])
        assert (refusal[:1], refusal[2:4]) == (b"\x88", (1013).to_bytes(2, "big"))
        assert is_open_after(lines[0], 0.1)
    with connect(address(url)) as line:  # what was held has been given back
        line.send("x" * (3 << 20))
        assert line.recv(timeout=10) == str(3 << 20)


def test_bytes_that_are_no_frames_end_the_connection(start: Start) -> None:
    with connected(start()) as line:
        upgraded(line)
        line.sendall(b"\xff" * 100)
        assert read_to_end(line)[:1] == b"\x88"  # a close, then the end


@pytest.mark.parametrize(
    "extra",
    [
        b"x-long: " + b"y" * 10_000 + b"\r\n",
        b"sec-websocket-version: 12\r\n",
        b"sec-websocket-key: abc\r\n",
        b"x-odd: \xc3\xa9\xff\r\n",
    ],
)
def test_an_upgrade_that_cannot_be_read_is_answered(start: Start, extra: bytes) -> None:
    with connected(start()) as line:
        line.settimeout(5)
        assert upgraded(line, extra=extra).split(b" ")[1] in (b"101", b"400", b"426", b"431")


def test_sockets_count_as_connections_and_none_makes_room(start: Start) -> None:
    url = start(max_connections=2)
    with connect(address(url)) as one, connect(address(url)) as other:
        with connected(url) as third:
            third.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert read_to_end(third).startswith(b"HTTP/1.1 503")
        for line in (one, other):
            line.send("still here")
            assert line.recv(timeout=5) == "10"
    with connect(address(url)), connect(address(url)):
        pass


def test_servers_without_sockets_answer_an_upgrade_as_a_request() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with serving_limited(app, ServerSettings(grace_s=1)) as url, connected(url) as line:
        assert upgraded(line).startswith(b"HTTP/1.1 404")
