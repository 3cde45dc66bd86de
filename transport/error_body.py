"""Errors in the JSON bodies that rooms send each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.errors import (
    ERRORS_BY_CODE,
    ConnectionLost,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    SpeechError,
    Unauthorized,
    Unavailable,
)


def body_of_error(error: SpeechError) -> dict[str, Any]:
    """`error` alone is what V1 and V2 ask for."""
    body: dict[str, Any] = {"error": error.message, "code": error.code}
    if error.param is not None:
        body["param"] = error.param
    if error.retry_after_s is not None:
        body["retry_after_s"] = error.retry_after_s
    if error.was_retried:
        body["was_retried"] = True
    return body


_BY_STATUS: dict[int, type[SpeechError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    404: NotFound,
    413: PayloadTooLarge,
    422: InvalidRequest,
    429: Overloaded,
    502: ConnectionLost,
    503: Unavailable,
    504: DeadlineExceeded,
}


def error_from_body(
    status: int, body: Mapping[str, Any], *, server: str = "a predictor"
) -> SpeechError:
    """Rebuild the error that another room sent. An unknown code falls back to its status."""
    kind = ERRORS_BY_CODE.get(str(body.get("code", "")))
    if kind is None or kind.status != status:
        kind = _BY_STATUS.get(status, ModelFailed)
    message = body.get("error")
    param, retry_after_s = body.get("param"), body.get("retry_after_s")
    error = kind(
        message if isinstance(message, str) and message else f"{server} answered {status}",
        param=param if isinstance(param, str) else None,
        retry_after_s=_seconds(retry_after_s),
    )
    error.was_retried = body.get("was_retried") is True
    return error


def _seconds(value: Any) -> float | None:
    """A wait that can be passed on to a client; None for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return None
    return float(value)
