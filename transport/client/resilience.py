"""What a call survives: transient errors, a broken model, a repeated question.

The order of a call, outermost first: middleware → fallback → cache → circuit → retries → transport.
Only what certainly did no work is asked again, and only by the client next to the model: an error
that this client gives up on says so, on the wire too, and nobody above it tries once more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import tenacity
from prometheus_client import Counter

from contract.catalog import CatalogSnapshot
from contract.context import RequestContext
from contract.errors import CircuitOpen, ModelFailed, SpeechError, Unavailable
from contract.tasks import Task, TaskInput, TaskOutput
from contract.wire.message import Message
from contract.wire.tensors import output_from_message, to_message
from transport import tracing
from transport.client.cache import Store, cache_key
from transport.client.circuit import Circuit, CircuitPolicy
from transport.client.client import Client
from transport.threads import off_loop, weight
from transport.tracing import SpanKind
from transport.v2_body import message_from_body, response_body

logger = logging.getLogger(__name__)
O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call

CACHED_TASKS = frozenset({Task.EMBED_SPEAKER, Task.DETECT_SPEECH, Task.TRANSCRIBE, Task.SYNTHESIZE})

RETRIES = Counter("speech_client_retries_total", "Calls repeated after an error", ["model"])
FALLBACKS = Counter("speech_client_fallbacks_total", "Calls answered by a fallback", ["model"])
REFUSALS = Counter("speech_client_circuit_open_total", "Calls an open circuit refused", ["model"])
CACHE = Counter("speech_client_cache_total", "Look-ups in the result cache", ["model", "result"])


class Middleware(Protocol):
    """Sees every request before it goes out and every output before it comes back.

    Name classes that take no arguments in SPEECH_MIDDLEWARE as `module:Class`.
    """

    async def process_request(
        self, model: str, request: TaskInput[Any], context: RequestContext
    ) -> TaskInput[Any]: ...

    async def process_response(
        self, model: str, output: TaskOutput, context: RequestContext
    ) -> TaskOutput: ...


@dataclass(frozen=True, slots=True)
class ResiliencePolicy:
    attempts: int = 5
    """Calls of one model in all, the first included."""
    backoff_s: float = 0.1
    """Wait before the second call; doubles, with full jitter."""
    max_backoff_s: float = 2.0
    circuit: CircuitPolicy = CircuitPolicy()


class ResilientClient:
    """A Client that retries, breaks, falls back and remembers. Wraps any transport."""

    def __init__(
        self,
        transport: Client,
        catalog: Callable[[], CatalogSnapshot],
        *,
        policy: ResiliencePolicy | None = None,
        store: Store | None = None,
        is_cache_shared: bool = False,
        middleware: Sequence[Middleware] = (),
    ) -> None:
        """Unless `is_cache_shared`, what one caller asked is not kept for another."""
        self._is_cache_shared = is_cache_shared
        self._transport, self._catalog, self._store = transport, catalog, store
        self._policy = policy or ResiliencePolicy()
        self._middleware = tuple(middleware)
        self._circuits: dict[str, Circuit] = {}

    async def call(self, model: str, request: TaskInput[O], context: RequestContext) -> O:
        sent: TaskInput[Any] = request
        with tracing.span(f"call {model}", SpanKind.CLIENT, context) as inside:
            for layer in self._middleware:
                sent = await layer.process_request(model, sent, inside)
            try:
                output = await self._cached(model, sent, inside)
            except (ModelFailed, Unavailable) as exc:
                output = await self._cached(self._fallback(model, exc), sent, inside)
            for layer in reversed(self._middleware):
                output = await layer.process_response(model, output, inside)
        return output  # type: ignore[return-value]  # the transport checks the output's class

    async def is_ready(self, model: str) -> bool:
        return await self._transport.is_ready(model)

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        await self._transport.wake(models, context)

    async def aclose(self) -> None:
        """Stop asking servers whether they are ready again."""
        for circuit in self._circuits.values():
            await circuit.aclose()

    def _fallback(self, model: str, error: SpeechError) -> str:
        """Who answers instead. Raises the error where nobody does."""
        config = self._catalog().find(model)
        if config is None or config.fallback is None:
            raise error
        logger.warning("%s failed (%s); %s answers instead", model, error.code, config.fallback)
        FALLBACKS.labels(model).inc()
        return config.fallback

    async def _cached(
        self, model: str, request: TaskInput[Any], context: RequestContext
    ) -> TaskOutput:
        if self._store is None or request.task not in CACHED_TASKS or context.is_private:
            return await self._through_circuit(model, request, context)
        config = self._catalog().find(model)
        owner = "" if self._is_cache_shared else context.caller
        key = await off_loop(weight(request), partial(cache_key, model, config, request, owner))
        kept = await self._store.get(key)
        CACHE.labels(model, "miss" if kept is None else "hit").inc()
        if kept is not None:
            context.trace.cache_hits.append(model)
            return await off_loop(len(kept), partial(_unpack, request.output, kept))
        output = await self._through_circuit(model, request, context)
        await self._store.set(key, await off_loop(weight(output), partial(_pack, output)))
        return output

    async def _through_circuit(
        self, model: str, request: TaskInput[Any], context: RequestContext
    ) -> TaskOutput:
        circuit = self._circuit(model)
        try:
            circuit.refuse_while_open()
        except CircuitOpen:
            REFUSALS.labels(model).inc()
            raise
        started_s = time.monotonic()
        retrying = self._retrying(model, context)
        try:
            output: TaskOutput = await retrying(self._transport.call, model, request, context)
        except SpeechError as error:
            circuit.note_error(error, started_s)
            error.was_retried = True
            raise
        circuit.note_answer()
        return output

    def _retrying(self, model: str, context: RequestContext) -> tenacity.AsyncRetrying:
        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_is_worth_a_retry),
            stop=tenacity.stop_after_attempt(self._policy.attempts)
            | tenacity.stop_after_delay(max(0.0, context.remaining_s)),
            wait=tenacity.wait_random_exponential(
                multiplier=self._policy.backoff_s, max=self._policy.max_backoff_s
            ),
            before_sleep=lambda _: RETRIES.labels(model).inc(),
            reraise=True,
        )

    def _circuit(self, model: str) -> Circuit:
        if model not in self._circuits:
            self._circuits[model] = Circuit(
                model, self._policy.circuit, lambda: self._transport.is_ready(model)
            )
        return self._circuits[model]


def _is_worth_a_retry(exc: BaseException) -> bool:
    return isinstance(exc, SpeechError) and exc.is_transient and not exc.was_retried


def _pack(output: TaskOutput) -> bytes:
    """The size of the JSON in eight digits, then a V2 body with binary tensors."""
    body, size = response_body("", to_message(output), Message(wants_binary=True))
    return b"%08d" % (size or 0) + body


def _unpack(kind: type[TaskOutput], data: bytes) -> TaskOutput:
    return output_from_message(kind, message_from_body(data[8:], data[:8].decode(), "outputs"))
