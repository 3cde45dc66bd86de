"""One handler for every error: as a SpeechError, in the dialect of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contract.errors import InvalidRequest, NotFound, PayloadTooLarge, SpeechError
from contract.explain import explained
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
_UNSENT = frozenset({"body", "query", "path", *Dialect, "str", "VoiceId", "dict[str,any]"})
"""Parts of a place that no client has sent: where FastAPI looked, and which of a field's types was
tried."""


def install_handlers(app: FastAPI) -> None:
    app.add_exception_handler(SpeechError, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)


async def _answer(request: Request, exc: Exception) -> Response:
    state = request_state_of(request)
    if isinstance(exc, RequestValidationError) and request.url.path == SPEECH_PATH:
        state.dialect = dialect_of_speech(exc.body)
    error = state.named(_as_speech_error(exc))
    state.error_code = error.code
    response = error_response(state.dialect, error)
    if isinstance(exc, HTTPException) and exc.headers:
        response.headers.update(exc.headers)
        if response.headers.get("allow") == "GET":
            response.headers["allow"] = "GET, HEAD"
    return response


def _as_speech_error(exc: Exception) -> SpeechError:
    if isinstance(exc, SpeechError):
        return exc
    if isinstance(exc, RequestValidationError):
        return explain(exc.errors())
    assert isinstance(exc, HTTPException)
    if isinstance(exc.__cause__, SpeechError):  # found while FastAPI read the body
        return exc.__cause__
    kind = _BY_STATUS.get(exc.status_code, InvalidRequest)
    return kind(_SENTENCES.get(exc.status_code, str(exc.detail)))


def explain(errors: Sequence[Any]) -> InvalidRequest:
    """The first error of a ValidationError, in a client's names."""
    return explained(errors, ignored=_UNSENT)
