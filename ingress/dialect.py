"""Two dialects on the same paths: which one a request speaks, and how each words an error.

HSE's own paths speak HSE. `/v1/audio/speech` speaks HSE when the body has a key that only HSE has,
`/v1/audio/transcriptions` when the body is JSON. Everything else is OpenAI's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from contract.errors import Overloaded, SpeechError, Unauthorized


class Dialect(StrEnum):
    OPENAI = "openai"
    HSE = "hse"


API_PATHS = ("/v1", "/dev")
"""Whatever speaks, listens or stores lies below one of them, and a key guards it."""
SPEECH_PATH = "/v1/audio/speech"
TRANSCRIPTIONS_PATH = "/v1/audio/transcriptions"
_HSE_PATHS = (
    f"{SPEECH_PATH}/models",
    f"{TRANSCRIPTIONS_PATH}/models",
    "/v1/audio/vad",
    "/v1/audio/convert",
    "/v1/embed",
    "/v1/voice/",
)
_HSE_SPEECH_KEYS = frozenset(
    {
        "mode",
        "language_id",
        "input_audio",
        "input_embedding",
        "input_vad_mode",
        "input_vad_data",
        "generation_options",
        "output_options",
        "pre_processing_filters",
        "post_generation_filters",
    }
)

_OPENAI_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
_HSE_TYPES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    413: "PayloadTooLargeError",
    415: "UnsupportedMediaTypeError",
    429: "RateLimitError",
    499: "CancelledError",
    503: "ServiceUnavailableError",
    504: "TimeoutError",
}


def is_below(path: str, prefixes: Iterable[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in prefixes)


def dialect_of_path(path: str, content_type: str) -> Dialect:
    """What is known before the body is read."""
    is_json = content_type.split(";")[0].strip().lower() == "application/json"
    if path.startswith(_HSE_PATHS) or (path == TRANSCRIPTIONS_PATH and is_json):
        return Dialect.HSE
    return Dialect.OPENAI


def dialect_of_speech(body: Any) -> Dialect:
    """A speech body is HSE's when a key of HSE's is in it, or when nothing is."""
    if isinstance(body, Mapping) and (not body or _HSE_SPEECH_KEYS & body.keys()):
        return Dialect.HSE
    return Dialect.OPENAI


def error_body(dialect: Dialect, error: SpeechError) -> dict[str, Any]:
    return _hse_error(error) if dialect is Dialect.HSE else _openai_error(error)


def error_response(dialect: Dialect, error: SpeechError) -> JSONResponse:
    return JSONResponse(error_body(dialect, error), error.status, error_headers(error))


def error_headers(error: SpeechError) -> dict[str, str]:
    """When to come back: always given with 429, with other errors when it is known. With 401 the
    scheme and with 426 the protocol that is asked for (RFC 9110, sections 11.6.1 and 15.5.22)."""
    if isinstance(error, Unauthorized):
        return {"www-authenticate": "Bearer"}
    if error.status == HTTPStatus.UPGRADE_REQUIRED:
        return {"upgrade": "websocket"}
    if error.retry_after_s is None and not isinstance(error, Overloaded):
        return {}
    return {"retry-after": str(max(1, math.ceil(error.retry_after_s or 1)))}


def _openai_error(error: SpeechError) -> dict[str, Any]:
    fallback = "server_error" if error.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": error.message,
            "type": _OPENAI_TYPES.get(error.status, fallback),
            "param": error.param,
            "code": error.code,
        }
    }


def _hse_error(error: SpeechError) -> dict[str, Any]:
    """HSE never fills `param`; clients that check for null keep working, the message names it."""
    has_name = error.param is None or error.param in error.message
    return {
        "object": "error",
        "message": error.message if has_name else f"{error.param}: {error.message}",
        "type": _HSE_TYPES.get(error.status, "InternalServerError"),
        "param": None,
        "code": error.status,
    }
