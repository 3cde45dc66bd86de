"""What the server counts, in prometheus_client's default registry, which /metrics prints."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from contract.lifecycle import Lifecycle
from contract.tasks import Task

_LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)

REQUEST_SECONDS = Histogram(
    "speech_request_seconds",
    "Time from a request's arrival to its answer or error",
    ["model", "task"],
    buckets=_LATENCY_S,
)
QUEUE_SECONDS = Histogram(
    "speech_queue_seconds",
    "Time until the device took a request up, loading and preparation included",
    ["model"],
    buckets=_LATENCY_S,
)
INFERENCE_SECONDS = Histogram(
    "speech_inference_seconds", "Time of one forward pass", ["model"], buckets=_LATENCY_S
)
BATCH_SIZE = Histogram(
    "speech_batch_size",
    "Units (sentences, chunks, windows) in one forward pass",
    ["model"],
    buckets=_BATCH,
)
QUEUE_DEPTH = Gauge("speech_queue_depth", "Requests that wait for the model now", ["model"])
LOADED = Gauge("speech_model_loaded", "1 while the model is in memory", ["model"])
LOADS = Counter("speech_model_loads", "Loads by outcome: ok or failed", ["model", "outcome"])
LOAD_SECONDS = Histogram(
    "speech_model_load_seconds", "Time to load and warm up", ["model"], buckets=_LATENCY_S
)
UNLOADS = Counter("speech_model_unloads", "Unloads to make room or to start afresh", ["model"])
ERRORS = Counter("speech_errors", "Requests that ended in an error, by its code", ["model", "code"])
STATUSES = Counter(
    "speech_request_status", "Statuses that requests went through", ["model", "status"]
)
AUDIO_SECONDS = Counter(
    "speech_audio_seconds", "Seconds of sound that models took in", ["model", "task"]
)
CHARACTERS = Counter("speech_characters", "Characters that models read", ["model", "task"])

_READS_TEXT = frozenset({Task.SYNTHESIZE, Task.SYNTHESIZE_MEL, Task.SPEAK})
"""Tasks whose cost is in characters; every other task's is in seconds of sound."""


def count_work(model: str, task: Task, cost: float) -> None:
    counter = CHARACTERS if task in _READS_TEXT else AUDIO_SECONDS
    counter.labels(model, task.value).inc(cost)


def count_statuses(model: str, lifecycle: Lifecycle) -> None:
    for transition in lifecycle.transitions:
        STATUSES.labels(model, transition.status.value).inc()
