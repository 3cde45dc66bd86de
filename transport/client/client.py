"""How rooms call each other: one interface, whatever carries the call.

`Client.call` is what toolchains and the ingress use. What it adds to a bare transport — retries,
breakers, fallbacks, caches, middleware — is described in transport/client/resilience.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from contract.context import RequestContext
from contract.tasks import TaskInput, TaskOutput

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call


class Client(Protocol):
    async def call(self, model: str, request: TaskInput[O], context: RequestContext) -> O:
        """Send a request to a predictor or toolchain and await its output.

        Raises SpeechError subclasses only: DeadlineExceeded at the context's deadline, Unavailable
        when nobody answers, the model's own error otherwise. Cancelling the call cancels the work.
        """
        ...

    async def is_ready(self, model: str) -> bool:
        """True when the model's server says that it can answer. Never raises."""
        ...

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        """Start sleeping models, all at once, and return without waiting for them."""
        ...
