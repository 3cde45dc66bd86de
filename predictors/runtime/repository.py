"""Every model of one process: what they share is made here and handed to each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contract.config import ModelConfig
from predictors.runtime.instance import ModelInstance
from predictors.runtime.memory import MemoryBudget
from predictors.runtime.queue import UnitQueue
from predictors.runtime.registry import ModelTypeSource
from predictors.runtime.runner import ModelRunner
from predictors.runtime.scheduler import Scheduler
from predictors.runtime.settings import Settings
from predictors.runtime.weights.store import WeightStore
from transport.asgi.settings import MEGABYTE


class ModelRepository:
    """Models that share weights and a memory budget."""

    def __init__(self, settings: Settings, *, memory_budget_mb: int | None = None) -> None:
        budget_mb = settings.memory_budget_mb or memory_budget_mb
        self.settings = settings
        self.weights = WeightStore()
        self.runners: dict[str, ModelRunner] = {}
        self._memory = MemoryBudget(budget_mb * MEGABYTE if budget_mb else None)

    def add(self, config: ModelConfig, source: ModelTypeSource) -> ModelRunner:
        """Take a configured model in, without loading it."""
        instance = ModelInstance(config, source, self.weights.holder(), self._memory, self.settings)
        scheduler = Scheduler(instance, UnitQueue(ageing_s=self.settings.ageing_s))
        runner = ModelRunner(instance, scheduler, self._memory, self.settings)
        self.runners[config.name] = runner
        return runner

    def load_ahead(self) -> None:
        """Before there is an event loop: have a lone model load, if it can, while this thread goes
        on importing the server."""
        if self.settings.load_at_start and len(self.runners) == 1:
            (runner,) = self.runners.values()
            runner.load_ahead()

    @asynccontextmanager
    async def kept_ready(self) -> AsyncIterator[None]:
        """While the body runs, models load at the start, if they are to, and again after a failure:
        a pod that is not ready gets no request to do it. At the end all are let go."""
        runners = self.runners.values() if self.settings.load_at_start else ()
        pause_s = self.settings.load_retry_s
        keepers = [asyncio.create_task(_keep_ready(runner, pause_s)) for runner in runners]
        try:
            yield
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await self.aclose()

    async def aclose(self) -> None:
        for runner in self.runners.values():
            await runner.aclose()


async def _keep_ready(runner: ModelRunner, pause_s: float) -> None:
    while True:
        if not runner.is_ready:
            await asyncio.gather(runner.ensure_loaded(), return_exceptions=True)
        await asyncio.sleep(pause_s)
