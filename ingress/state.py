"""What every route is given: the settings, the way to the models, decoders, encoding threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

from contract.catalog import Catalog
from contract.errors import ModelFailed, SpeechError, Unavailable
from contract.tasks import TaskInput, TaskOutput
from ingress import metrics
from ingress.bounds import Bounds, bounds_of
from ingress.request_state import RequestState
from ingress.settings import Settings
from ingress.voices.library import VoiceLibrary
from transport.client.client import Client
from transport.decoding.decoders import Decoders

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class AppState:
    settings: Settings
    client: Client
    catalog: Catalog
    failures: dict[str, str] = field(default_factory=dict)
    """The code of its error, by each model whose last call failed. Asking the models instead would
    wake the sleeping ones."""
    opened_at: int = field(default_factory=lambda: int(time.time()))
    """Unix seconds; the `created` of every listed model."""
    bounds: Bounds = field(init=False)
    decoders: Decoders = field(init=False)
    codec: anyio.CapacityLimiter = field(init=False)
    voices: VoiceLibrary = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bounds", bounds_of(self.settings))
        object.__setattr__(self, "decoders", Decoders(self.settings))
        object.__setattr__(self, "voices", VoiceLibrary(self.settings))
        limiter = anyio.CapacityLimiter(self.settings.codec_threads)
        object.__setattr__(self, "codec", limiter)

    async def call(self, model: str, request: TaskInput[O], state: RequestState) -> O:
        """Ask a predictor or toolchain; keep the time it took and whether it could answer."""
        state.lease.take(self.bounds.model_shares, f"{model} {state.caller}")
        state.lease.take(self.bounds.models, model)
        labels = (model, request.task.value)
        with state.step(model), metrics.CALL_SECONDS.labels(*labels).time():
            try:
                output = await self.client.call(model, request, state.context)
            except SpeechError as error:
                metrics.CALL_ERRORS.labels(*labels, error.code).inc()
                if isinstance(error, ModelFailed | Unavailable):
                    self.failures[model] = error.code
                raise
        self.failures.pop(model, None)
        return output

    def hold(self, state: RequestState, size: int) -> None:
        """Count bytes that exist until the request ends. Raises Overloaded."""
        state.lease.hold(self.bounds.memory, state.caller, size)

    async def in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run blocking work, such as encoding; at most `codec_threads` at once, the rest wait."""
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=self.codec)
