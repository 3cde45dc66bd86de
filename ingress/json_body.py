"""JSON bodies, read by the one reader of all rooms, where they hold up nobody for long."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header

from contract.errors import InvalidRequest
from contract.json_guard import read_json
from transport.threads import off_loop

_CHARSETS = ("ascii", "big5", "cp", "euc", "gb", "iso8859", "koi8", "shift_jis")
"""Beginnings of Python's names for the charsets of text; its other codecs are not that."""


class JsonRoute(APIRoute):
    """A route whose body is parsed by JsonRequest (FastAPI's documented way)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


class JsonRequest(Request):
    async def json(self) -> Any:
        """Raises InvalidRequest, which FastAPI keeps as the cause of its own error."""
        return await read_json_body(self)


async def read_json_body(request: Request) -> Any:
    """The body; of an object, what is missing is taken from the address: `?voice=alloy`."""
    data, content_type = await request.body(), request.headers.get("content-type", "")
    body = await off_loop(len(data), partial(_parsed, data, content_type))
    return {**request.query_params, **body} if isinstance(body, dict) else body


def _parsed(data: bytes, content_type: str) -> Any:
    try:
        return read_json(_as_utf8(data, content_type))
    except (UnicodeDecodeError, LookupError):
        raise InvalidRequest("body must be JSON text in UTF-8", param="body") from None


def _as_utf8(data: bytes, content_type: str) -> bytes:
    """JSON is UTF-8 (RFC 8259, section 8.1). UTF-16 and UTF-32 show by the zeros of its first
    characters; what else it is can only be declared."""
    charset: str = json.detect_encoding(data)
    if charset.startswith("utf-8"):
        if data.isascii() or _is_utf8(data):
            return data
        _, options = parse_options_header(content_type)
        charset = codecs.lookup(options.get(b"charset", b"utf-8").decode("latin-1")).name
        if not charset.startswith(_CHARSETS):
            raise LookupError(charset)
    return data.decode(charset).encode()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
