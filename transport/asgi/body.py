"""Request bodies, read whole before any work begins: an upload holds bytes and nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from contract.errors import Cancelled, InvalidRequest, PayloadTooLarge, shown
from transport.asgi.settings import MEGABYTE

Chunks = deque[bytes]


class CompressedBody(InvalidRequest):
    """Nothing here unpacks what a client has packed: a few bytes would become gigabytes."""

    status = 415
    code = "unsupported_encoding"


async def read_body(
    scope: Scope, receive: Receive, *, max_bytes: int, inspect: Callable[[bytes], None]
) -> Chunks:
    """The body in the pieces that it came in.

    `inspect` sees every piece as it arrives, and may refuse it by a SpeechError. Raises
    PayloadTooLarge by the announced length or as soon as it is passed, CompressedBody, Cancelled
    when the client leaves before the end.
    """
    headers = Headers(scope=scope)
    encoding = headers.get("content-encoding", "")
    if encoding.strip().lower() not in ("", "identity"):
        raise CompressedBody(
            f"the body is compressed (content-encoding: {shown(encoding)}); send it as it is",
            param="body",
        )
    announced = headers.get("content-length", "")
    if announced.isdecimal():
        _check(int(announced), max_bytes)
    chunks, size = Chunks(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Cancelled("the client has gone")
        chunk = message.get("body", b"")
        size += len(chunk)
        _check(size, max_bytes)
        inspect(chunk)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks


def replayed(chunks: Chunks, receive: Receive) -> Receive:
    """Hands out the pieces, each forgotten then, and what comes from the client afterwards."""

    async def next_message() -> Message:
        if not chunks:
            return await receive()
        chunk = chunks.popleft()
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    return next_message


def _check(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise PayloadTooLarge(
            f"the body is larger than {max_bytes // MEGABYTE} MB; send less or shorter audio",
            param="body",
        )
