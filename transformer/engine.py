"""Runs one toolchain: routes by task, keeps each request's lifecycle, reports it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from prometheus_client import Counter, Histogram

from contract.catalog import CatalogSnapshot
from contract.context import RequestContext
from contract.errors import DeadlineExceeded, InvalidRequest, QueueFull
from contract.lifecycle import Lifecycle
from contract.tasks import Task, TaskInput, TaskOutput
from transformer.steps import Steps
from transformer.toolchains import TOOLCHAINS, Toolchain
from transport import tracing
from transport.client.client import Client
from transport.recordings.transcription import USUAL, Splitting
from transport.tracing import SpanKind

logger = logging.getLogger(__name__)
_RETRY_AFTER_S = 1.0

REQUESTS = Counter(
    "speech_toolchain_requests_total", "Requests by their last status", ["toolchain", "status"]
)
STEP_SECONDS = Histogram("speech_toolchain_step_seconds", "Time of one step", ["toolchain", "step"])


class ToolchainEngine:
    """Answers every task of one toolchain; an Endpoint of the in-process transport."""

    is_ready = True
    is_loaded = True

    def __init__(
        self,
        name: str,
        client: Client,
        catalog: Callable[[], CatalogSnapshot],
        *,
        max_requests: int = 64,
        splitting: Splitting = USUAL,
    ) -> None:
        self._splitting = splitting
        self.name, self._client, self._catalog = name, client, catalog
        self._max_requests, self._under_way = max_requests, 0
        self.functions: Mapping[Task, Toolchain] = TOOLCHAINS[name]

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(self.functions)

    def admit(self, context: RequestContext) -> None:
        """Refuse before a body is decoded. Raises QueueFull."""
        if self._under_way >= self._max_requests:
            raise QueueFull(
                f"{self.name} has {self._under_way} requests under way; try again in a moment",
                retry_after_s=_RETRY_AFTER_S,
            )

    async def ensure_loaded(self) -> None:
        """A toolchain has no weights; its predictors are woken by the requests that need them."""

    async def submit(self, request: TaskInput[TaskOutput], context: RequestContext) -> TaskOutput:
        """Run the request's steps. Raises SpeechError; the trace is filled either way."""
        lifecycle = Lifecycle()
        self._under_way += 1
        try:
            with tracing.span(f"toolchain {self.name}", SpanKind.SERVER, context) as inside:
                steps = Steps(self._client, self._catalog(), inside, lifecycle, self._splitting)
                async with asyncio.timeout(max(0.0, context.remaining_s)):
                    output = await self._function(request.task)(request, steps)
            lifecycle.stop()
            return output
        except TimeoutError:
            error = DeadlineExceeded(
                f"{self.name} did not finish before the deadline; allow the request more time"
            )
            lifecycle.fail(error)
            raise error from None
        except BaseException as exc:
            lifecycle.fail(exc)
            raise
        finally:
            self._under_way -= 1
            self._report(lifecycle, context)

    def _function(self, task: Task) -> Toolchain:
        if task not in self.functions:
            known = ", ".join(self.functions)
            raise InvalidRequest(f"{self.name} cannot {task}; it can: {known}", param="model")
        return self.functions[task]

    def _report(self, lifecycle: Lifecycle, context: RequestContext) -> None:
        context.trace.steps += lifecycle.timings
        context.trace.statuses += [one.status.value for one in lifecycle.transitions]
        REQUESTS.labels(self.name, lifecycle.status.value).inc()
        for timing in lifecycle.timings:
            STEP_SECONDS.labels(self.name, timing.step).observe(timing.duration_s)
        fields = {
            "request_id": context.request_id,
            "trace_id": context.traceparent.split("-")[1],
            "toolchain": self.name,
            "status": lifecycle.status.value,
            "total_ms": round(lifecycle.age_s * 1000, 2),
            "steps_ms": {one.step: round(one.duration_s * 1000, 2) for one in lifecycle.timings},
        }
        logger.info("toolchain", extra={"fields": fields})
