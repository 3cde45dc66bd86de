"""One handler for every fault: as a SpeechError, in the dialect of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contract.errors import InvalidRequest, NotFound, PayloadTooLarge, SpeechError
from contract.explain import field_name
from ingress.dialect import SPEECH_PATH, Dialect, dialect_of_speech, error_response
from ingress.request_state import request_state_of


class MethodNotAllowed(InvalidRequest):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


_BY_STATUS: dict[int, type[SpeechError]] = {
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
}
_SENTENCES = {
    404: "no such path; /openapi.json lists them all",
    405: "this path does not know that method; /openapi.json lists the ones it does",
}
_REMEDIES = {
    "missing": "is required",
    "extra_forbidden": "is not a parameter of this endpoint",
    "string_unicode": "must be text in UTF-8",
    "recursion_loop": "is nested too deeply",
}

_UNION_MEMBERS = frozenset({"str", "VoiceId", "dict[str,any]"})
"""Parts of a place that no client has sent: which of a field's types was tried."""


def install_handlers(app: FastAPI) -> None:
    app.add_exception_handler(SpeechError, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)


async def _answer(request: Request, exc: Exception) -> Response:
    state = request_state_of(request)
    if isinstance(exc, RequestValidationError) and request.url.path == SPEECH_PATH:
        state.dialect = dialect_of_speech(exc.body)
    error = state.named(_as_speech_error(exc, state.dialect))
    state.error_code = error.code
    response = error_response(state.dialect, error)
    if isinstance(exc, HTTPException) and exc.headers:
        response.headers.update(exc.headers)
    return response


def _as_speech_error(exc: Exception, dialect: Dialect) -> SpeechError:
    if isinstance(exc, SpeechError):
        return exc
    if isinstance(exc, RequestValidationError):
        return explain(exc.errors(), tags=frozenset(Dialect))
    assert isinstance(exc, HTTPException)
    kind = _BY_STATUS.get(exc.status_code, InvalidRequest)
    return kind(_SENTENCES.get(exc.status_code, str(exc.detail)))


def explain(errors: Sequence[Any], *, tags: frozenset[str] = frozenset()) -> InvalidRequest:
    """The first fault that pydantic found, in words that hold nothing of the input."""
    first = errors[0]
    unsent = {"body", "query", "path", *tags, *_UNION_MEMBERS}
    parts = [part for part in first["loc"] if part not in unsent]
    kind = first["type"]
    if kind == "json_invalid":
        return InvalidRequest("the body is not JSON")
    if not parts:
        return InvalidRequest("the body must be a JSON object (content-type: application/json)")
    name = field_name(parts)
    remedy = _REMEDIES.get(kind) or first["msg"].replace("Input should be", "must be")
    return InvalidRequest(f"{name} {remedy[0].lower()}{remedy[1:]}", param=name)
