"""The transport of `harmony serve`: rooms in one process call each other directly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from contract.context import RequestContext
from contract.errors import DeadlineExceeded, ModelNotFound
from contract.tasks import TaskInput, TaskOutput

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call


class Endpoint(Protocol):
    """A predictor or a toolchain, as its neighbours in the process see it."""

    @property
    def is_loaded(self) -> bool:
        """True when a request would be answered without loading first."""
        ...

    async def submit(self, request: TaskInput[Any], context: RequestContext) -> TaskOutput: ...

    async def ensure_loaded(self) -> None:
        """Finish loading; returns at once when ready."""
        ...


class InProcessClient:
    """Calls endpoints by name. `endpoints` may grow after the client is made."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._waking: set[asyncio.Task[None]] = set()

    async def call(self, model: str, request: TaskInput[O], context: RequestContext) -> O:
        endpoint = self._find(model)
        context.check_deadline()
        try:
            async with asyncio.timeout(context.remaining_s):
                answer = await endpoint.submit(request, context)
        except TimeoutError:
            raise DeadlineExceeded(
                f"{model} did not answer before the deadline; allow the request more time"
            ) from None
        if not (isinstance(answer, request.output) or issubclass(request.output, type(answer))):
            raise TypeError(f"{model} answered {type(answer).__name__} to {request.task}")
        return answer  # type: ignore[return-value]  # request.output is the class of O

    async def is_ready(self, model: str) -> bool:
        """Always: it is in this process, and refuses by itself while it cannot answer."""
        return model in self._endpoints

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        for model in models:
            endpoint = self._find(model)
            if not endpoint.is_loaded:
                task = asyncio.create_task(_load(endpoint))
                self._waking.add(task)
                task.add_done_callback(self._waking.discard)

    def _find(self, model: str) -> Endpoint:
        if model not in self._endpoints:
            raise ModelNotFound(f"no predictor is called {model}", param="model")
        return self._endpoints[model]


async def _load(endpoint: Endpoint) -> None:
    """A failed wake-up is reported by the call that follows it."""
    await asyncio.gather(endpoint.ensure_loaded(), return_exceptions=True)
