"""Every model of one process: what they share is made here and handed to each."""

from __future__ import annotations

from typing import Any

from contract.config import ModelConfig
from predictors.devices import worker_device
from predictors.job_queue import JobQueue
from predictors.memory import MEGABYTE, MemoryBudget
from predictors.model_slot import ModelSlot
from predictors.model_type import ModelType
from predictors.runner import ModelRunner
from predictors.scheduler import Scheduler
from predictors.settings import Settings
from predictors.weights import WeightStore
from predictors.worker import Worker


class ModelPool:
    """Models that share weights, one worker thread per GPU, and a memory budget."""

    def __init__(self, settings: Settings, *, memory_budget_mb: int | None = None) -> None:
        budget_mb = settings.memory_budget_mb or memory_budget_mb
        self.settings = settings
        self.weights = WeightStore()
        self.runners: dict[str, ModelRunner] = {}
        self._memory = MemoryBudget(budget_mb * MEGABYTE if budget_mb else None)
        self._gpu_workers: dict[str, Worker] = {}

    def add(self, config: ModelConfig, kind: type[ModelType[Any, Any]]) -> ModelRunner:
        """Take a configured model in, without loading it."""
        slot = ModelSlot(
            config, kind, self.weights.holder(), self._worker(config), self._memory, self.settings
        )
        queue = JobQueue(max_jobs=self.settings.max_queue, ageing_s=self.settings.ageing_s)
        scheduler = Scheduler(slot, queue, self._memory)
        runner = self.runners[config.name] = ModelRunner(slot, scheduler, self.settings)
        return runner

    async def aclose(self) -> None:
        for runner in self.runners.values():
            await runner.aclose()

    def _worker(self, config: ModelConfig) -> Worker:
        device = worker_device(config.device_config)
        if device is None:
            return Worker(f"infer-{config.name}")
        return self._gpu_workers.setdefault(device, Worker(f"infer-{device}"))
