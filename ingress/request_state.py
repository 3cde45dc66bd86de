"""One request and its answer, as every part of the ingress sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import BaseModel
from starlette.requests import HTTPConnection

from contract.context import RequestContext
from contract.errors import SpeechError
from contract.lifecycle import StepTiming
from ingress.client_body import unknown_keys
from ingress.dialect import Dialect
from transport.asgi.bulkheads import Lease


@dataclass(slots=True)
class RequestState:
    """Filled while the request is served, read by whoever logs and counts it."""

    context: RequestContext
    dialect: Dialect
    lease: Lease = field(default_factory=Lease)
    """What the request holds of the server's bounds, until it has ended."""
    caller: str = "unknown"
    """Whose share of the bounds that is: the holder of a key, or an address."""
    started_s: float = field(default_factory=time.monotonic)
    wants_steps: bool = False
    model: str | None = None
    """The configured name that answers, once it is known."""
    field_names: dict[str, str] = field(default_factory=dict)
    """Tasks' field names → the names that this endpoint's clients know."""
    status: int | None = None
    error_code: str | None = None
    bytes_out: int = 0
    first_byte_s: float | None = None
    audio_in_s: float = 0.0
    audio_out_s: float = 0.0
    ignored: list[str] = field(default_factory=list)
    """Parameters of the client that had no effect."""
    is_answered: bool = False
    """The last byte has been handed to the server."""

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.started_s

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start_s = self.age_s
        try:
            yield
        finally:
            self.context.trace.steps.append(StepTiming(name, start_s, self.age_s - start_s))

    def note_ignored(self, body: BaseModel, *fields: str) -> None:
        """Keep the keys of a body that nobody here knows, and known fields without effect."""
        self.ignored += [*unknown_keys(body), *fields]

    def named(self, error: SpeechError) -> SpeechError:
        """The same error with its field as the client spells it."""
        return error.renamed(self.field_names)


def request_state_of(connection: HTTPConnection) -> RequestState:
    state = connection.scope["state"]["state"]
    assert isinstance(state, RequestState)
    return state
