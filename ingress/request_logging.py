"""Gives every request an id and a deadline, and logs and counts what became of it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.context import RequestContext
from contract.errors import (
    Cancelled,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    NotFound,
    SpeechError,
)
from ingress import metrics
from ingress.client_body import IGNORED_HEADER, header_value
from ingress.dialect import Dialect, dialect_of_path, error_response
from ingress.request_state import RequestState
from transport import tracing
from transport.asgi.disconnect import while_connected
from transport.headers import REQUEST_ID_HEADER, context_from_headers
from transport.tracing import SpanKind

logger = logging.getLogger(__name__)
access_log = logging.getLogger("ingress.access")

STEPS_HEADER = "x-speech-steps"
CACHE_HEADER = "x-speech-cache"
_INTERNAL = "internal error; the server's log tells more under this request id"
_PIECE_BYTES = 256 << 10
_STALLED_S = 1.0
"""A reader that takes longer for a piece gives up its place in the bounds until it reads on."""


class RequestLogging:
    """ASGI middleware around admission and routes; inside CORS and what corrects paths."""

    def __init__(self, app: ASGIApp, *, max_timeout_s: float) -> None:
        self._app, self._max_timeout_s = app, max_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state, refusal = self._open(scope)
        scope.setdefault("state", {})["state"] = state
        sender = _Sender(state, scope, send)
        method = scope["method"]
        try:
            with (
                metrics.IN_FLIGHT.track_inprogress(),
                state.lease,
                tracing.span(
                    method,
                    SpanKind.SERVER,
                    state.context,
                    final_name=lambda: f"{method} {_route(scope)}",
                ) as state.context,
            ):
                await self._answer(scope, receive, sender, state, refusal)
        finally:
            _report(scope, state)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Errors become HTTP answers as long as the socket has not been accepted."""
        state = RequestState(context_from_headers(Headers(scope=scope)), Dialect.OPENAI)
        scope.setdefault("state", {})["state"] = state

        async def send_unless_unknown(message: Message) -> None:
            if message["type"] == "websocket.close" and state.status is None:
                raise NotFound("no socket has this path; realtime sessions have /v1/realtime")
            await send(message)

        try:
            with state.lease:
                await self._app(scope, receive, send_unless_unknown)
        except SpeechError as error:
            await _refuse_socket(error, scope, receive, send)
        except Exception:
            logger.exception("session %s failed", state.context.request_id)
            if state.status is not None:
                raise
            await _refuse_socket(ModelFailed(_INTERNAL), scope, receive, send)
        finally:
            path = _route(scope)
            status = str(state.status or 404)
            metrics.REQUESTS.labels(path, "WEBSOCKET", state.dialect.value, status).inc()
            access_log.info("session", extra={"fields": _log_fields(scope, state, path)})

    def _open(self, scope: Scope) -> tuple[RequestState, InvalidRequest | None]:
        headers = Headers(scope=scope)
        dialect = dialect_of_path(scope["path"], headers.get("content-type", ""))
        wants_steps = headers.get(STEPS_HEADER, "").lower() in {"1", "true", "yes"}
        try:
            context = context_from_headers(headers, max_timeout_s=self._max_timeout_s)
        except InvalidRequest as refusal:
            return RequestState(RequestContext(), dialect, wants_steps=wants_steps), refusal
        return RequestState(context, dialect, wants_steps=wants_steps), None

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        sender: _Sender,
        state: RequestState,
        refusal: SpeechError | None,
    ) -> None:
        try:
            if refusal is not None:
                raise refusal
            async with asyncio.timeout(state.context.remaining_s):
                await while_connected(self._app, scope, receive, sender)
        except TimeoutError:
            late = DeadlineExceeded("the request's deadline has passed; allow it more time")
            await _break_off(late, scope, receive, sender, state)
        except SpeechError as error:
            await _break_off(error, scope, receive, sender, state)
        except Exception as exc:
            if isinstance(exc.__cause__, SpeechError):
                # Starlette's, for an error after the answer has begun (_exception_handler.py).
                await _break_off(exc.__cause__, scope, receive, sender, state)
                return
            logger.exception("request %s failed", state.context.request_id)
            await _break_off(ModelFailed(_INTERNAL), scope, receive, sender, state)


class _Sender:
    """Adds our headers to the start of the answer and keeps count of the rest."""

    def __init__(self, state: RequestState, scope: Scope, send: Send) -> None:
        self._state, self._scope, self._send = state, scope, send

    async def __call__(self, message: Message) -> None:
        state = self._state
        if message["type"] == "http.response.start":
            state.status = message["status"]
            _add_headers(MutableHeaders(raw=message["headers"]), state)
        elif message["type"] == "http.response.body":
            await self._send_body(message.get("body", b""), message.get("more_body", False))
            return
        await self._send(message)

    async def _send_body(self, body: bytes, more_body: bool) -> None:
        """In pieces: uvicorn takes any size at once, and waits for the reader only afterwards."""
        state = self._state
        for start in range(0, max(1, len(body)), _PIECE_BYTES):
            piece = body[start : start + _PIECE_BYTES]
            has_more = more_body or start + _PIECE_BYTES < len(body)
            state.bytes_out += len(piece)
            if state.first_byte_s is None and piece:
                state.first_byte_s = state.age_s
            state.is_answered = not has_more
            message = {"type": "http.response.body", "body": piece, "more_body": has_more}
            stalled = asyncio.get_running_loop().call_later(_STALLED_S, state.lease.suspend)
            try:
                await self._send(message)
            finally:
                stalled.cancel()
                state.lease.resume()


def _add_headers(headers: MutableHeaders, state: RequestState) -> None:
    headers[REQUEST_ID_HEADER] = state.context.request_id
    trace = state.context.trace
    if trace.cache_hits:
        headers[CACHE_HEADER] = ", ".join(dict.fromkeys(trace.cache_hits))
    if state.ignored:
        headers[IGNORED_HEADER] = header_value(state.ignored)
    if state.wants_steps:
        headers[STEPS_HEADER] = ", ".join(step.step for step in trace.steps)
        timings = (f"{_token(s.step)};dur={s.duration_s * 1000:.1f}" for s in trace.steps)
        headers["server-timing"] = ", ".join(timings)


def _token(step: str) -> str:
    """A metric name of Server-Timing is an HTTP token."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in step)


async def _refuse_socket(error: SpeechError, scope: Scope, receive: Receive, send: Send) -> None:
    state: RequestState = scope["state"]["state"]
    state.status, state.error_code = error.status, error.code
    await error_response(state.dialect, error)(scope, receive, send)


async def _break_off(
    error: SpeechError, scope: Scope, receive: Receive, sender: _Sender, state: RequestState
) -> None:
    """Answer with the error; once the answer has begun, break the connection instead."""
    state.error_code = error.code
    if isinstance(error, Cancelled):
        state.status = error.status
        return
    if state.status is not None:
        if not state.is_answered:
            raise error
        return
    await error_response(state.dialect, state.named(error))(scope, receive, sender)


def _route(scope: Scope) -> str:
    """The path as it was declared: few values, and nothing a caller sent."""
    path: str = getattr(scope.get("route"), "path", "unmatched")
    return path


def _report(scope: Scope, state: RequestState) -> None:
    path = _route(scope)
    status = str(state.status or 499)
    metrics.REQUESTS.labels(path, scope["method"], state.dialect.value, status).inc()
    metrics.SECONDS.labels(path).observe(state.age_s)
    if state.first_byte_s is not None:
        metrics.FIRST_BYTE_SECONDS.labels(path).observe(state.first_byte_s)
    for direction, seconds in (("in", state.audio_in_s), ("out", state.audio_out_s)):
        if seconds:
            metrics.AUDIO_SECONDS.labels(path, direction).inc(seconds)
    access_log.info("request", extra={"fields": _log_fields(scope, state, path)})


def _log_fields(scope: Scope, state: RequestState, path: str) -> dict[str, Any]:
    """What one request's line says: names and numbers, nothing that a client wrote freely."""
    trace = state.context.trace
    fields: dict[str, Any] = {
        "request_id": state.context.request_id,
        "trace_id": state.context.traceparent.split("-")[1],
        "method": scope.get("method", "WEBSOCKET"),
        "path": path,
        "dialect": state.dialect.value,
        "status": state.status or 499,
        "error": state.error_code,
        "model": state.model,
        "priority": state.context.priority.value,
        "duration_ms": round(state.age_s * 1000, 1),
        "first_byte_ms": _ms(state.first_byte_s),
        "bytes_out": state.bytes_out,
        "audio_in_s": round(state.audio_in_s, 3),
        "audio_out_s": round(state.audio_out_s, 3),
        "steps_ms": [[s.step, _ms(s.start_s), _ms(s.duration_s)] for s in trace.steps],
        "statuses": trace.statuses,
        "cache_hits": trace.cache_hits,
    }
    return {key: value for key, value in fields.items() if value not in (None, [], 0.0)}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
