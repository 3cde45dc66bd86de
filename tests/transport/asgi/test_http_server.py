"""What one peer may hold open, on a real server: attack rows 5, 7, 8 and client row 11."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from http_threads import serving_limited
from raw_http import connected, is_cut_off, is_open_after, read_to_end, wait_until
from starlette.types import Receive, Scope, Send

from transport.asgi.settings import ServerSettings

ANSWER_BYTES = 64 << 20
"""Far more than the kernel's buffers of a loopback connection hold."""


class App:
    """Reads the body, then answers: /big with many bytes, /slow when it may, else with what it saw
    of the caller."""

    def __init__(self) -> None:
        self.sent = threading.Event()
        self.may_answer = threading.Event()
        self.left: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/early":
            await _answer(send, b"no")
            return
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.append(scope["path"])
                return
            size += len(message["body"])
            if not message["more_body"]:
                break
        if scope["path"] == "/slow" and not await self._is_awaited(receive):
            self.left.append(scope["path"])
            return
        if scope["path"] == "/big":
            await _answer(send, bytes(ANSWER_BYTES))
            self.sent.set()
        else:
            await _answer(send, f"{scope['client'][0]} {size}".encode())

    async def _is_awaited(self, receive: Receive) -> bool:
        """Whether the peer is there until the test lets it be answered."""
        gone = asyncio.ensure_future(receive())
        while not gone.done() and not await asyncio.to_thread(self.may_answer.wait, 0.02):
            pass
        gone.cancel()
        return self.may_answer.is_set()


async def _answer(send: Send, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


Start = Callable[..., str]


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def start(app: App) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda trusted_proxies="", **limits: stack.enter_context(
            serving_limited(app, ServerSettings(**{"grace_s": 1} | limits), trusted_proxies)
        )


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# Headers ------------------------------------------------------------------------------------


def test_headers_of_any_size_are_refused_while_they_arrive(start: Start) -> None:
    url = start(max_header_kb=16)
    with connected(url) as line:
        line.sendall(b"GET / HTTP/1.1\r\n")
        lines = (b"x-filler-%d: %s\r\n" % (number, b"y" * 1000) for number in range(100_000))
        assert is_cut_off(line, lines)


def test_one_header_that_never_ends_is_refused(start: Start) -> None:
    url = start(max_header_kb=16)
    with connected(url) as line:
        line.sendall(b"GET / HTTP/1.1\r\nx-long: ")
        assert is_cut_off(line, [b"y" * 10_000] * 10_000)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    ],
)
def test_too_large_or_too_many_headers_are_431(start: Start, head: bytes) -> None:
    with connected(start(max_header_kb=16, max_headers=100)) as line:
        line.sendall(head)
        assert status_of(read_to_end(line)) == 431


def test_headers_up_to_the_limit_pass_however_they_are_cut(start: Start) -> None:
    head = b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"y" * 15_000 + b"\r\nconnection: close\r\n\r\n"
    with connected(start(max_header_kb=16)) as line:
        for at in range(0, len(head), 1000):
            line.sendall(head[at : at + 1000])
        assert status_of(read_to_end(line)) == 200


def test_a_large_body_before_the_next_request_is_no_header(start: Start) -> None:
    body = b"b" * 200_000
    requests = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with connected(start(max_header_kb=16)) as line:
        line.sendall(requests * 3 + last)
        assert read_to_end(line).count(b"HTTP/1.1 200") == 4


def test_a_half_open_connection_is_closed(start: Start) -> None:
    url = start(header_timeout_s=0.3)
    with connected(url) as silent, connected(url) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        assert not is_open_after(silent, 5)
        assert status_of(read_to_end(slow)) == 408


# Connections --------------------------------------------------------------------------------


def test_half_open_connections_keep_nobody_out(start: Start) -> None:
    """A thousand of them, where twenty may be open: each new one closes the oldest."""
    url = start(max_connections=20, header_timeout_s=600)
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(connected(url, "127.0.0.2"))
            if _ % 100 == 0:
                assert httpx.get(url).text == "127.0.0.1 0"


def test_an_address_has_its_share_of_busy_connections(start: Start) -> None:
    url = start(max_connections_per_address=3, progress_timeout_s=600)
    with ExitStack() as stack:
        busy = [stack.enter_context(connected(url, "127.0.0.2")) for _ in range(3)]
        for line in busy:
            line.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1")
        wait_until(lambda: _answered_from(url, "127.0.0.2") == 503)
        assert _answered_from(url, "127.0.0.1") == 200
        busy[0].sendall(b"234567890")
        assert busy[0].recv(1 << 16).endswith(b"127.0.0.2 10")
        assert _answered_from(url, "127.0.0.2") == 200


def _answered_from(url: str, source: str) -> int:
    with connected(url, source) as line:
        with suppress(ConnectionError):  # refused before it was sent; the answer is there
            line.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return status_of(read_to_end(line))


@pytest.mark.parametrize(("keep_alive_s", "is_kept"), [(1, False), (75, True)])
def test_an_idle_connection_is_kept_as_long_as_is_set(
    start: Start, keep_alive_s: int, is_kept: bool
) -> None:
    with connected(start(keep_alive_s=keep_alive_s)) as line:
        line.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert status_of(line.recv(1 << 16)) == 200
        assert is_open_after(line, 2.0) is is_kept


def test_a_proxy_may_keep_connections_for_longer_than_a_minute() -> None:
    assert ServerSettings().keep_alive_s == 75


def test_a_request_that_crosses_the_end_of_the_server_is_answered(app: App) -> None:
    stack = ExitStack()
    url = stack.enter_context(serving_limited(app, ServerSettings(grace_s=5)))
    with connected(url) as line:
        line.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert status_of(line.recv(1 << 16)) == 200
        ending = threading.Thread(target=stack.close)
        ending.start()
        wait_until(lambda: not _takes_connections(url))
        line.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = read_to_end(line)
    ending.join()
    assert status_of(answer) == 200
    assert b"connection: close" in answer.lower()


def _takes_connections(url: str) -> bool:
    try:
        with connected(url):
            return True
    except ConnectionRefusedError:
        return False


# Bodies -------------------------------------------------------------------------------------


def test_an_upload_of_a_byte_a_moment_is_ended(start: Start, app: App) -> None:
    with connected(start(progress_timeout_s=0.3)) as line:
        line.sendall(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n")
        stop = threading.Event()
        thread = threading.Thread(target=_dribble, args=(line, stop))
        thread.start()
        answer = read_to_end(line)
        stop.set()
        thread.join()
    assert status_of(answer) == 408
    wait_until(lambda: app.left == ["/slow"])


def _dribble(line: socket.socket, stop: threading.Event) -> None:
    while not stop.wait(0.05):
        try:
            line.sendall(b"x")
        except OSError:
            return


def test_an_upload_that_is_fast_enough_may_take_many_windows(start: Start) -> None:
    with connected(start(progress_timeout_s=0.2, min_bytes_per_s=1000)) as line:
        line.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000\r\n\r\n")
        pause = threading.Event()
        for _ in range(10):
            line.sendall(b"x" * 1000)
            pause.wait(0.1)
        assert line.recv(1 << 16).endswith(b"127.0.0.1 10000")


def test_a_body_that_nobody_wants_is_not_read_for_ever(start: Start) -> None:
    """A refusal before the body's end is delivered; what still comes then is cut off."""
    with connected(start(header_timeout_s=0.3)) as line:
        line.sendall(b"POST /early HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n")
        assert status_of(line.recv(1 << 16)) == 200
        assert is_cut_off(line, [b"x" * 1000] * 1000, pause_s=0.01)


# Answers ------------------------------------------------------------------------------------


def test_a_reader_that_does_not_read_is_ended(start: Start, app: App) -> None:
    url = start(progress_timeout_s=0.3)
    with connected(url) as line:
        line.sendall(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n")
        assert app.sent.wait(10)
        threading.Event().wait(1.0)
        assert len(read_to_end(line)) < ANSWER_BYTES


def test_a_reader_that_is_slow_but_reads_gets_it_all(start: Start) -> None:
    with connected(start(progress_timeout_s=0.4, min_bytes_per_s=100)) as line:
        line.sendall(b"GET /big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        size = 0
        while chunk := line.recv(8 << 20):
            size += len(chunk)
            threading.Event().wait(0.02)
    assert size > ANSWER_BYTES


# Addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        ("", "127.0.0.1"),
        ("10.0.0.0/8", "127.0.0.1"),
        ("127.0.0.0/8", "203.0.113.7"),
        ("127.0.0.1, 10.1.2.3", "203.0.113.7"),
    ],
)
def test_only_a_trusted_proxy_names_the_caller(start: Start, trusted: str, seen: str) -> None:
    forwarded = {"x-forwarded-for": "198.51.100.1, 203.0.113.7"}
    assert httpx.get(start(trusted), headers=forwarded).text == f"{seen} 0"


# Peers that end their side -------------------------------------------------------------------

SLOW = b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_peer_that_ends_its_side_gets_its_answer(start: Start, version: bytes) -> None:
    with connected(start()) as line:
        line.sendall(b"GET / HTTP/%b\r\nhost: x\r\n\r\n" % version)
        line.shutdown(socket.SHUT_WR)
        answer = read_to_end(line).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert status_of(answer) == 200
    assert answer.endswith(b"127.0.0.1 0")


def test_a_late_answer_comes_after_an_interim_one(app: App, start: Start) -> None:
    with connected(start()) as line:
        line.sendall(SLOW)
        line.shutdown(socket.SHUT_WR)
        assert status_of(line.recv(1024)) == 100
        app.may_answer.set()
        answer = read_to_end(line)
    assert status_of(answer) == 200
    assert answer.endswith(b"127.0.0.1 2")


@pytest.mark.parametrize("ends_its_side_first", [True, False])
def test_a_peer_that_has_gone_is_still_noticed(
    app: App, start: Start, ends_its_side_first: bool
) -> None:
    with connected(start()) as line:
        line.sendall(SLOW)
        if ends_its_side_first:
            line.shutdown(socket.SHUT_WR)
            assert status_of(line.recv(1024)) == 100
    wait_until(lambda: app.left == ["/slow"], seconds=30)  # the next interim answer tells


def test_a_peer_that_can_take_no_interim_answer_is_not_waited_for(app: App, start: Start) -> None:
    with connected(start()) as line:
        line.sendall(SLOW.replace(b"HTTP/1.1", b"HTTP/1.0"))
        line.shutdown(socket.SHUT_WR)
        assert read_to_end(line) == b""
    wait_until(lambda: app.left == ["/slow"])


@pytest.mark.parametrize("sent", [SLOW[:-1], SLOW[:30]])
def test_a_request_that_breaks_off_is_not_answered(app: App, start: Start, sent: bytes) -> None:
    with connected(start()) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        assert read_to_end(line) == b""
