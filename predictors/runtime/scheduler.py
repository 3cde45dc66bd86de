"""Takes waiting requests to the model in batches, and picks up the pieces when a batch fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack

from contract.context import Priority
from contract.errors import ModelFailed, SpeechError, Unavailable
from contract.tasks import TaskOutput
from predictors.runtime import metrics
from predictors.runtime.instance import ModelInstance, Stalled
from predictors.runtime.memory import MemoryBudget
from predictors.runtime.out_of_memory import give_memory_back, is_out_of_memory
from predictors.runtime.queue import Job, JobQueue
from predictors.runtime.weights.store import CorruptWeights

logger = logging.getLogger(__name__)

_GROW_AFTER = 8
"""Full batches in a row that must succeed before a batch limit cut by memory doubles."""
_SMOOTHING = 0.3
"""Weight of the newest batch in the mean service time."""


class BatchLimit:
    """Most requests in one pass: the configured number, halved each time memory runs out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._successes = 0
        self.size = most

    def shrink(self, failed_size: int) -> None:
        self.size = min(self.size, max(1, failed_size // 2))
        self._successes = 0

    def note_success(self, size: int) -> None:
        if size < self.size or self.size == self._most:
            return
        self._successes += 1
        if self._successes >= _GROW_AFTER:
            self.size = min(self._most, self.size * 2)
            self._successes = 0


class Scheduler:
    """The asyncio side of one predictor: it owns the queue; the worker thread only runs infer().

    Work-conserving: when the worker is free it takes what waits, without waiting for more.
    """

    def __init__(self, slot: ModelInstance, queue: JobQueue, memory: MemoryBudget) -> None:
        self._slot = slot
        self._queue = queue
        self._memory = memory
        self._limit = BatchLimit(slot.config.max_batch_size)
        self._service_s: float | None = None
        self._running = 0
        self._is_reloaded = False
        self._draining: asyncio.Task[None] | None = None
        metrics.QUEUE_DEPTH.labels(slot.name).set_function(lambda: len(queue))

    @property
    def batch_limit(self) -> int:
        return self._limit.size

    @property
    def retry_after_s(self) -> float:
        """When a place should be free: what waits and runs, at the measured seconds each."""
        each_s = self._service_s if self._service_s is not None else 1.0
        return max(1.0, each_s * (len(self._queue) + self._running))

    def refuse_if_full(self, priority: Priority) -> None:
        self._queue.refuse_if_full(priority, self.retry_after_s)

    def add(self, job: Job) -> None:
        """Queue a job, or raise QueueFull."""
        self.refuse_if_full(job.context.priority)
        self._queue.put(job)
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain(), name=f"drain {self._slot.name}")

    def discard(self, job: Job) -> None:
        self._queue.discard(job)

    async def aclose(self) -> None:
        """Refuse what still waits; a batch that runs is not waited for."""
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.gather(self._draining, return_exceptions=True)
        self._refuse_all(Unavailable("the server is shutting down; try another"))

    async def _drain(self) -> None:
        """Run batches until nothing waits. No fault may leave a job unanswered."""
        try:
            while len(self._queue):
                try:
                    with self._slot.held():
                        await self._run_next()
                    await self._memory.trim()
                except SpeechError as error:
                    self._refuse_all(error)
                except Exception:
                    logger.exception("scheduling for %s failed", self._slot.name)
                    self._refuse_all(self._unexpected())
        finally:
            self._draining = None

    def _refuse_all(self, error: SpeechError) -> None:
        for job in self._queue.take_all():
            job.settle(_copy(error))

    async def _run_next(self) -> None:
        await self._slot.ensure_loaded()
        async with self._slot.worker.turn:
            cap = self._slot.model.max_batch_cost
            jobs = self._queue.take(max_size=self._limit.size, max_cost=cap)
            self._running = len(jobs)
            try:
                with ExitStack() as steps:
                    for job in jobs:
                        steps.enter_context(job.lifecycle.step(self._slot.name))
                    await self._run(jobs)
            except SpeechError as error:  # the model can no longer be loaded
                for job in jobs:
                    job.settle(_copy(error))
                raise
            finally:
                self._running = 0
                for job in jobs:  # a cancelled drain or a fault of ours
                    job.settle(self._unexpected())

    async def _run(self, jobs: Sequence[Job]) -> None:
        """One forward pass, or what it takes to answer each of these jobs."""
        jobs = [job for job in jobs if not job.is_settled]
        if not jobs:
            return
        started_s = time.monotonic()
        try:
            answers = await self._infer(jobs)
        except Exception as exc:  # whatever a model library raises
            await self._recover(jobs, exc)
            return
        self._note_success(jobs, time.monotonic() - started_s)
        for job, answer in zip(jobs, answers, strict=True):
            job.settle(answer)

    async def _infer(self, jobs: Sequence[Job]) -> Sequence[TaskOutput | SpeechError]:
        model, batch = self._slot.model, [job.request for job in jobs]
        answers: Sequence[TaskOutput | SpeechError]
        answers = await self._slot.run(lambda: model.infer(batch))
        if len(answers) != len(batch):
            raise RuntimeError(f"{len(answers)} answers for {len(batch)} requests")
        return answers

    def _note_success(self, jobs: Sequence[Job], seconds: float) -> None:
        self._is_reloaded = False
        self._limit.note_success(len(jobs))
        each_s = seconds / len(jobs)
        old_s = each_s if self._service_s is None else self._service_s
        self._service_s = old_s + _SMOOTHING * (each_s - old_s)
        metrics.INFERENCE_SECONDS.labels(self._slot.name).observe(seconds)
        metrics.BATCH_SIZE.labels(self._slot.name).observe(len(jobs))
        for job in jobs:
            job.infer_s, job.batch_size = seconds, len(jobs)

    async def _recover(self, jobs: Sequence[Job], error: Exception) -> None:
        """Damaged weights: reload once. Memory: halves. Else one by one, so that only the guilty
        request fails."""
        if isinstance(error, CorruptWeights):
            await self._reload_and_run(jobs, error)
        elif isinstance(error, Stalled):
            for job in jobs:
                job.settle(_copy(error))
        elif is_out_of_memory(error):
            await self._run_in_halves(jobs)
        elif len(jobs) > 1:
            logger.warning("a batch of %d failed on %s", len(jobs), self._slot.name, exc_info=error)
            for job in jobs:
                await self._run([job])
        else:
            jobs[0].settle(self._as_answer(error))

    async def _reload_and_run(self, jobs: Sequence[Job], error: CorruptWeights) -> None:
        if self._is_reloaded:
            await self._slot.give_up(error)
            await self._slot.ensure_loaded()  # raises what give_up decided
        self._is_reloaded = True
        logger.warning("the weights of %s are damaged; loading them once more", self._slot.name)
        await self._slot.reload()
        await self._run(jobs)

    async def _run_in_halves(self, jobs: Sequence[Job]) -> None:
        self._limit.shrink(len(jobs))
        logger.warning(
            "%s ran out of memory on %d requests; at most %d from now on",
            self._slot.name,
            len(jobs),
            self._limit.size,
        )
        await self._slot.run(give_memory_back)
        if len(jobs) == 1:
            jobs[0].settle(
                ModelFailed("the request needs more memory than there is; send a shorter one")
            )
            return
        middle = len(jobs) // 2
        await self._run(jobs[:middle])
        await self._run(jobs[middle:])

    def _as_answer(self, error: Exception) -> SpeechError:
        if isinstance(error, SpeechError):
            return error
        logger.error("%s failed on a request", self._slot.name, exc_info=error)
        return self._unexpected()

    def _unexpected(self) -> ModelFailed:
        return ModelFailed(f"{self._slot.name} failed on this request; the server's log tells why")


def _copy(error: SpeechError) -> SpeechError:
    """The same error for another request: an exception is raised once, traceback and all."""
    return type(error)(error.message, param=error.param, retry_after_s=error.retry_after_s)
