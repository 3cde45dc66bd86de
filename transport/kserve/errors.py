"""How a SpeechError leaves the server, on REST and on gRPC."""

from __future__ import annotations

import math

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from grpc import StatusCode
from grpc_interceptor.exceptions import GrpcException

from contract.errors import InvalidRequest, SpeechError
from transport.error_body import body_of_error

_GRPC_STATUS = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    404: StatusCode.NOT_FOUND,
    413: StatusCode.RESOURCE_EXHAUSTED,
    429: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}


class AnsweredError(GrpcException):
    """A SpeechError on its way through the SDK.

    The SDK's gRPC interceptor knows GrpcException and answers its status; on REST the handlers
    below answer `error`. Any other exception would become the SDK's 500 with our words in it.
    """

    def __init__(self, error: SpeechError) -> None:
        super().__init__(
            status_code=_GRPC_STATUS.get(error.status, StatusCode.INTERNAL), details=error.message
        )
        self.error = error


def error_response(error: SpeechError) -> JSONResponse:
    headers = {}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(math.ceil(error.retry_after_s))
    return JSONResponse(body_of_error(error), error.status, headers)


async def answer_error(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, AnsweredError)
    return error_response(exc.error)


async def answer_invalid_body(_: Request, exc: Exception) -> JSONResponse:
    """FastAPI's own 422 repeats what was sent, recordings and all; ours names the field only."""
    assert isinstance(exc, RequestValidationError)
    return error_response(_first_error(exc))


def _first_error(exc: RequestValidationError) -> InvalidRequest:
    errors = [error for error in exc.errors() if "bytes" not in error["loc"]] or exc.errors()
    error = errors[0]
    if error["type"] == "json_invalid":
        return InvalidRequest("the body is not valid JSON", param="body")
    place = [str(part) for part in error["loc"] if part not in ("body", "InferenceRequest")]
    if not place:
        return InvalidRequest("the body must be a V2 inference request in JSON", param="body")
    return InvalidRequest(f"{'.'.join(place)}: {error['msg']}", param=".".join(place))
