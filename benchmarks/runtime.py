"""What the runtime itself costs a request: queue, threads, locks and metrics around a model that
does nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np

from benchmarks.figures import Line, median
from benchmarks.setup import Setup
from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.context import RequestContext
from contract.tasks import DetectSpeechInput, DetectSpeechOutput, Task
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings

_CLIENTS = (1, 32, 64)
_REQUESTS = 3200
_BATCH = 32
_MOST_MS = 0.5
_REQUEST = DetectSpeechInput(Audio(np.zeros(16_000, np.float32), 16_000))


class _Nothing(Model[DetectSpeechInput, DetectSpeechOutput]):
    """One unit a request, and no work."""

    spec = ModelSpec(Task.DETECT_SPEECH)
    size_bytes = 0

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        return cls()

    def prepare(self, request: DetectSpeechInput) -> Prepared[None]:
        return Prepared([Unit(None, 1.0, None)], None)

    def run(self, batch: Sequence[None]) -> list[None]:
        return list(batch)

    def finish(self, prepared: Prepared[None], results: Sequence[None]) -> DetectSpeechOutput:
        return DetectSpeechOutput(False, ())

    def warm_up_request(self) -> DetectSpeechInput:
        return _REQUEST


def run(setup: Setup) -> Iterator[Line]:
    with asyncio.Runner() as loop:
        repository = ModelRepository(Settings())
        entry = ModelConfig(
            name="nothing", model_type="SileroVAD", model="-", max_batch_size=_BATCH
        )
        runner = repository.add(entry, _Nothing)
        loop.run(runner.ensure_loaded())
        for clients in _CLIENTS:
            found = [loop.run(_cost_ms(runner, clients)) for _ in range(setup.rounds)]
            wall, processor = (median(one) for one in zip(*found, strict=True))
            case = f"a request, clients at once: {clients}"
            yield Line(case, "ms", wall)
            yield Line(f"{case}, processor", "ms", processor, limit=_MOST_MS)
        loop.run(repository.aclose())


async def _cost_ms(runner: ModelRunner, clients: int) -> tuple[float, float]:
    """Wall and processor milliseconds a request."""
    each = _REQUESTS // clients

    async def client() -> None:
        for _ in range(each):
            await runner.submit(_REQUEST, RequestContext())

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    took, cost = time.perf_counter() - began, time.process_time() - used
    requests = each * clients
    return 1000 * took / requests, 1000 * cost / requests
