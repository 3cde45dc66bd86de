"""JSON bodies, bounded before they are parsed, and parsed where they hold up nobody for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.exceptions import HTTPException

from contract.errors import PayloadTooLarge

MAX_ITEMS = 100_000
"""Most values in a body, as its commas tell: `[],` is three bytes, and seventy as an object. An
hour's list of speech segments has a few thousand."""
_SMALL_BYTES = 64 << 10


class ItemCount:
    """Counts while a body arrives, so that what is refused is never held."""

    def __init__(self) -> None:
        self._commas = 0

    def add(self, chunk: bytes) -> None:
        """Raises PayloadTooLarge."""
        self._commas += chunk.count(b",")
        if self._commas >= MAX_ITEMS:
            raise PayloadTooLarge(f"the body holds more than {MAX_ITEMS} JSON values", param="body")


class JsonRoute(APIRoute):
    """A route whose body is parsed by JsonRequest (FastAPI's documented way)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


class JsonRequest(Request):
    """Parses large bodies in a thread, by pydantic's parser: 60 MB of base64 take 46 ms there and
    112 ms by the standard library, which FastAPI would use on the event loop."""

    async def json(self) -> Any:
        body = await self.body()
        if len(body) <= _SMALL_BYTES:
            return await super().json()
        try:
            return await asyncio.to_thread(from_json, body, allow_inf_nan=False)
        except ValueError:
            raise HTTPException(400, "the body is not JSON, or is nested too deeply") from None
