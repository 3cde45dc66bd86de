"""The protocol-free predictor: a request goes in, its output or a SpeechError comes out.

V1, V2 REST, V2 gRPC and the in-process client all end in `ModelRunner.submit`, so they all get the
same checks, queue, batches, deadline, metrics and log line.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from contract.context import RequestContext
from contract.errors import (
    Cancelled,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    ModelNotReady,
    SpeechError,
)
from contract.lifecycle import Lifecycle
from contract.tasks import INPUTS, Task, TaskInput, TaskOutput
from predictors.runtime import metrics
from predictors.runtime.instance import ModelInstance
from predictors.runtime.queue import Job
from predictors.runtime.scheduler import Scheduler
from predictors.runtime.settings import Settings

logger = logging.getLogger(__name__)
_LOADING_PAUSE_S = 2.0


class ModelRunner:
    """One configured model, ready to be asked. Made by ModelRepository.add()."""

    def __init__(self, slot: ModelInstance, scheduler: Scheduler, settings: Settings) -> None:
        self._slot = slot
        self._scheduler = scheduler
        self._settings = settings
        self._is_closed = False

    @property
    def name(self) -> str:
        return self._slot.name

    @property
    def task(self) -> Task:
        return self._slot.model.task

    @property
    def tasks(self) -> tuple[Task, ...]:
        return (self.task,)

    @property
    def is_ready(self) -> bool:
        """True when the model has proven that it answers and can answer again."""
        return self._slot.is_ready and not self._is_closed

    @property
    def is_loaded(self) -> bool:
        """True when a request would be answered without loading first."""
        return self._slot.is_loaded

    @property
    def batch_limit(self) -> int:
        """Most requests in one pass now: the configured number, less after memory ran out."""
        return self._scheduler.batch_limit

    async def ensure_loaded(self) -> None:
        """Load if need be, once for everybody who waits. Raises ModelNotReady."""
        await self._slot.ensure_loaded()

    def admit(self, context: RequestContext) -> None:
        """Refuse before a body is decoded. Raises QueueFull; ModelNotReady while a model that
        loads by itself is not there yet, with the reason if the last load failed."""
        if self._settings.load_at_start and not self.is_ready:
            self._slot.refuse_while_failed()
            raise ModelNotReady(
                f"{self.name} is loading; try again in a moment", retry_after_s=_LOADING_PAUSE_S
            )
        self._scheduler.refuse_if_full(context.priority)

    async def submit(self, request: TaskInput[Any], context: RequestContext) -> TaskOutput:
        """Answer a request. Raises SpeechError; cancelling takes it out of the queue, or drops the
        result of a forward pass that has begun."""
        context = context.within(self._settings.timeout_s)
        lifecycle = Lifecycle()
        job = _job(request, context, lifecycle)
        error: SpeechError | None = None
        try:
            with self._slot.held():
                output = await self._answer(job)
            lifecycle.stop()
            return output
        except asyncio.CancelledError:
            error = Cancelled("the caller went away")
            raise
        except Exception as exc:
            error = self._as_speech_error(exc)
            raise error from (None if error is exc else exc)
        finally:
            if error is not None:
                lifecycle.fail(error)
            self._account(job, error)

    async def aclose(self) -> None:
        """Refuse what waits, unload, end the thread."""
        self._is_closed = True
        await self._scheduler.aclose()
        await self._slot.aclose()
        self._slot.worker.close()

    async def _answer(self, job: Job) -> TaskOutput:
        model, expected = self._slot.model, INPUTS[self.task]
        if not isinstance(job.request, expected):
            raise InvalidRequest(f"{self.name} serves the task {self.task}; send its input")
        model.check(job.request)
        job.key = model.batch_key(job.request)
        job.cost = model.cost(job.request)
        job.context.check_deadline()
        self._scheduler.add(job)
        try:
            async with asyncio.timeout(job.context.remaining_s):
                return await job.answer
        except TimeoutError as exc:
            raise DeadlineExceeded(
                f"{self.name} did not answer within the request's deadline; allow it more time"
            ) from exc
        finally:
            self._scheduler.discard(job)

    def _as_speech_error(self, exc: Exception) -> SpeechError:
        if isinstance(exc, SpeechError):
            return exc
        logger.error("%s failed on a request", self.name, exc_info=exc)
        return ModelFailed(f"{self.name} failed on this request; the server's log tells why")

    def _account(self, job: Job, error: SpeechError | None) -> None:
        """Metrics and the one log line of a request: what happened to it, nothing it held."""
        lifecycle, name, task = job.lifecycle, self.name, self.task.value
        metrics.REQUEST_SECONDS.labels(name, task).observe(lifecycle.age_s)
        metrics.count_statuses(name, lifecycle)
        if job.wait_s is not None:
            metrics.QUEUE_SECONDS.labels(name).observe(job.wait_s)
        if error is None:
            metrics.count_work(name, self.task, job.cost)
        else:
            metrics.ERRORS.labels(name, error.code).inc()
        fields = {
            "request_id": job.context.request_id,
            "trace_id": job.context.traceparent.split("-")[1],
            "model": name,
            "task": task,
            "priority": job.context.priority.value,
            "status": lifecycle.status.value,
            "code": error.code if error else "ok",
            "total_ms": _ms(lifecycle.age_s),
            "queue_ms": _ms(job.wait_s or 0.0),
            "infer_ms": _ms(job.infer_s),
            "batch_size": job.batch_size,
            "cost": round(job.cost, 3),
        }
        logger.info("request", extra={"fields": fields})


def _job(request: TaskInput[Any], context: RequestContext, lifecycle: Lifecycle) -> Job:
    answer: asyncio.Future[TaskOutput] = asyncio.get_running_loop().create_future()
    return Job(request, context, lifecycle, answer, key=(), cost=0.0)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
