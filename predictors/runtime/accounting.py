"""What is reported of a request when it has ended: its metrics and its one log line."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from contract.context import RequestContext
from contract.errors import SpeechError
from contract.lifecycle import Lifecycle
from contract.tasks import Task, TaskInput, TaskOutput
from predictors.runtime import metrics
from predictors.runtime.queue import Job

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Request:
    """A request on its way, and what its log line says of it."""

    input: TaskInput[Any]
    context: RequestContext
    lifecycle: Lifecycle
    work: float
    """Characters to read, or seconds of sound."""
    arrived_s: float = field(default_factory=time.monotonic)
    job: Job | None = None
    wait_s: float | None = None
    """Until the device took it up, loading and preparation included."""


def account(name: str, task: Task, own: Request, error: SpeechError | None) -> None:
    """Metrics and the one log line of a request: what happened to it, nothing it held."""
    lifecycle = own.lifecycle
    metrics.REQUEST_SECONDS.labels(name, task.value).observe(lifecycle.age_s)
    metrics.count_statuses(name, lifecycle)
    if own.wait_s is not None:
        metrics.QUEUE_SECONDS.labels(name).observe(own.wait_s)
    if error is None:
        metrics.count_work(name, task, own.work)
    else:
        metrics.ERRORS.labels(name, error.code).inc()
    fields = {
        "request_id": own.context.request_id,
        "trace_id": own.context.traceparent.split("-")[1],
        "model": name,
        "task": task.value,
        "priority": own.context.priority.value,
        "status": lifecycle.status.value,
        "code": error.code if error else "ok",
        "total_ms": _ms(lifecycle.age_s),
        "queue_ms": _ms(own.wait_s or 0.0),
        "infer_ms": _ms(own.job.infer_s if own.job else 0.0),
        "batch_size": own.job.batch_size if own.job else 0,
        "cost": round(own.work, 3),
    }
    logger.info("request", extra={"fields": fields})


def work_of(value: TaskInput[Any] | TaskOutput) -> float:
    """Characters of a text, else seconds of sound; 0 where there is neither."""
    text, audio = getattr(value, "text", None), getattr(value, "audio", None)
    if isinstance(value, TaskInput) and isinstance(text, str):
        return float(len(text))
    return 0.0 if audio is None else float(audio.duration_s)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
