"""JSON bodies, read by the one reader of all rooms, where they hold up nobody for long."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from contract.json_guard import read_json
from transport.threads import off_loop


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
        return await parsed(await self.body())


async def parsed(body: bytes) -> Any:
    return await off_loop(len(body), partial(read_json, body))
