"""Every error that crosses a room, one class each.

SpeechError
├── InvalidRequest          400  a field is wrong; `param` names it
│   ├── InvalidAudio        400  the bytes are not speech we can decode, or not enough of it
│   └── Unroutable          400  no configured predictor can serve what the request holds
├── Unauthorized            401
├── NotFound                404
│   └── ModelNotFound       404
├── PayloadTooLarge         413
├── Overloaded              429  refused before any work; `retry_after_s` says when to come back
│   ├── QueueFull           429
│   └── RateLimited         429
├── Cancelled               499  the caller went away
├── ModelFailed             500  the model raised; the caller's input was fine
├── Unavailable             503  nobody can answer now
│   ├── NotReached          503  no connection was made: nothing has begun
│   ├── ConnectionLost      503  the server went away while it worked on the request
│   ├── ModelNotReady       503
│   └── CircuitOpen         503
└── DeadlineExceeded        504
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

_MOST_SHOWN = 64


def shown(value: str, most: int = _MOST_SHOWN) -> str:
    """A client's own words inside a message: short, and none that an encoder or a terminal would
    trip over."""
    clean = "".join(char if char.isprintable() else "?" for char in value[:most])
    return clean + ("…" if len(value) > most else "")


class SpeechError(Exception):
    """An error with an HTTP status. Messages name field and remedy, never paths or payloads."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    is_transient: ClassVar[bool] = False
    """No work has begun and the error may be gone a moment later: asking again is safe."""
    was_retried: bool = False
    """A client nearer to the model has asked again already; its callers must not."""

    def __init__(
        self, message: str, *, param: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s

    def renamed(self, names: Mapping[str, str]) -> Self:
        """This error, its field spelled as `names` says that somebody else spells it."""
        if self.param is not None and self.param in names:
            spelled = names[self.param]
            if self.message.startswith(f"{self.param} "):
                self.message = spelled + self.message.removeprefix(self.param)
            self.param = spelled
        return self


class InvalidRequest(SpeechError):
    status = 400
    code = "invalid_request"


class InvalidAudio(InvalidRequest):
    code = "invalid_audio"


class Unroutable(InvalidRequest):
    code = "unroutable"


class Unauthorized(SpeechError):
    status = 401
    code = "invalid_api_key"


class NotFound(SpeechError):
    status = 404
    code = "not_found"


class ModelNotFound(NotFound):
    code = "model_not_found"


class PayloadTooLarge(SpeechError):
    status = 413
    code = "payload_too_large"


class Overloaded(SpeechError):
    status = 429
    code = "overloaded"


class QueueFull(Overloaded):
    code = "queue_full"


class RateLimited(Overloaded):
    code = "rate_limit_exceeded"


class Cancelled(SpeechError):
    status = 499
    code = "cancelled"


class ModelFailed(SpeechError):
    code = "model_failed"

    @classmethod
    def of(cls, model: str) -> Self:
        """For an error that is for the log alone."""
        return cls(f"{model} failed on this request; the server's log tells why")


class Unavailable(SpeechError):
    status = 503
    code = "unavailable"
    is_transient = True


class NotReached(Unavailable):
    code = "not_reached"


class ConnectionLost(Unavailable):
    code = "connection_lost"
    is_transient = False


class ModelNotReady(Unavailable):
    code = "model_not_ready"


class CircuitOpen(Unavailable):
    code = "circuit_open"
    is_transient = False


class DeadlineExceeded(SpeechError):
    status = 504
    code = "deadline_exceeded"


def _tree(root: type[SpeechError]) -> dict[str, type[SpeechError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


ERRORS_BY_CODE = _tree(SpeechError)
"""The classes of this module: what one room can send another."""
