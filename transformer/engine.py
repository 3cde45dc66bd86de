"""Runs one toolchain: routes by task, keeps each request's lifecycle, reports it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from prometheus_client import Counter, Histogram

from contract.catalog import CatalogSnapshot
from contract.client import Client
from contract.context import RequestContext
from contract.errors import DeadlineExceeded, InvalidRequest
from contract.lifecycle import Lifecycle
from contract.tasks import Task, TaskInput, TaskOutput
from transformer.steps import Steps
from transformer.toolchains import TOOLCHAINS, Toolchain

logger = logging.getLogger(__name__)

REQUESTS = Counter(
    "speech_toolchain_requests_total", "Requests by their last status", ["toolchain", "status"]
)
STEP_SECONDS = Histogram("speech_toolchain_step_seconds", "Time of one step", ["toolchain", "step"])


class ToolchainEngine:
    """Answers every task of one toolchain; an Endpoint of the in-process transport."""

    is_ready = True

    def __init__(self, name: str, client: Client, catalog: Callable[[], CatalogSnapshot]) -> None:
        self.name, self._client, self._catalog = name, client, catalog
        self.functions: Mapping[Task, Toolchain] = TOOLCHAINS[name]

    async def ensure_loaded(self) -> None:
        """A toolchain has no weights; its predictors are woken by the requests that need them."""

    async def submit(self, request: TaskInput[TaskOutput], context: RequestContext) -> TaskOutput:
        """Run the request's steps. Raises SpeechError; the trace is filled either way."""
        lifecycle = Lifecycle()
        steps = Steps(self._client, self._catalog(), context, lifecycle)
        try:
            async with asyncio.timeout(max(0.0, context.remaining_s)):
                output = await self._function(request.task)(request, steps)
            lifecycle.stop()
            return output
        except TimeoutError:
            fault = DeadlineExceeded(f"{self.name} did not finish before the deadline")
            lifecycle.fail(fault)
            raise fault from None
        except BaseException as exc:
            lifecycle.fail(exc)
            raise
        finally:
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
        logger.info(
            "toolchain %s %s",
            self.name,
            lifecycle.status.value,
            extra={
                "request_id": context.request_id,
                "steps": {t.step: round(t.duration_s, 4) for t in lifecycle.timings},
            },
        )
