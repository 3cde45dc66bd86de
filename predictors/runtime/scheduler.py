"""Takes waiting units to the device, and the model back to health when its weights are damaged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from contract.errors import ModelFailed, SpeechError, Unavailable
from predictors.runtime import metrics
from predictors.runtime.device_loop import BatchLimit, DeviceLoop
from predictors.runtime.instance import ModelInstance
from predictors.runtime.queue import Job, UnitQueue
from predictors.runtime.weights.store import CorruptWeights

logger = logging.getLogger(__name__)


class Scheduler:
    """The asyncio side of one predictor: it sees to it that a loaded model works at the queue.

    Work-conserving: a thread of the device that is free takes what waits and waits for no more.
    """

    def __init__(self, instance: ModelInstance, queue: UnitQueue) -> None:
        self._instance = instance
        self._queue = queue
        self._limit = BatchLimit(instance.config.max_batch_size)
        self._draining: set[asyncio.Task[None]] = set()
        self._repair = asyncio.Lock()
        self._is_reloaded = False
        metrics.QUEUE_DEPTH.labels(instance.name).set_function(lambda: len(queue))

    @property
    def batch_limit(self) -> int:
        return self._limit.size

    @property
    def queue_depth(self) -> int:
        """Requests with units that wait."""
        return len(self._queue)

    def running_requests(self) -> int:
        """Requests with units in the pass that runs."""
        return self._queue.running_jobs

    def retry_after_s(self, requests: int) -> float:
        """When there should be room again: what waits and runs, at the measured seconds each."""
        each_s = self._limit.unit_s if self._limit.unit_s is not None else 1.0
        return max(1.0, each_s * max(requests, self._queue.units))

    def add(self, job: Job) -> None:
        self._queue.put(job)
        self._drain_beside_others()

    def discard(self, job: Job) -> None:
        self._queue.discard(job)

    async def aclose(self) -> None:
        """End what still waits or runs; a pass that runs is not waited for."""
        draining = [*self._draining]
        for task in draining:
            task.cancel()
        await asyncio.gather(*draining, return_exceptions=True)
        self._queue.fail_waiting(_closing)

    async def repair(self, model: object, error: CorruptWeights) -> None:
        """Load the weights anew, once; damaged again, the model is given up.

        Nothing happens if `model` is no longer the one that is loaded. Raises ModelNotReady.
        """
        async with self._repair:
            if self._instance.model is not model:
                return
            if self._is_reloaded:
                self._is_reloaded = False
                await self._instance.give_up(error)
                await self._instance.ensure_loaded()  # raises what give_up decided
            self._is_reloaded = True
            name = self._instance.name
            logger.warning("the weights of %s are damaged; loading them once more", name)
            await self._instance.reload()

    def note_answer(self) -> None:
        """The model has given a sound answer."""
        self._is_reloaded = False

    def _drain_beside_others(self) -> None:
        """As many tasks as the model's passes may run at once, and no more than there are units."""
        model = self._instance.model
        most = 1 if model is None else model.concurrent_passes
        while len(self._draining) < min(most, self._queue.units):
            name = f"drain {self._instance.name}"
            self._draining.add(asyncio.create_task(self._drain(), name=name))

    async def _drain(self) -> None:
        """Work until nothing waits. No error may leave a request unanswered."""
        try:
            while len(self._queue):
                try:
                    await self._instance.ensure_loaded()
                    self._drain_beside_others()  # what came while it was loaded
                    await self._work()
                except SpeechError as error:
                    self._queue.fail_waiting(_copies(error))
                except Exception:
                    logger.exception("scheduling for %s failed", self._instance.name)
                    self._queue.fail_waiting(partial(ModelFailed.of, self._instance.name))
        finally:  # not later: a job that is added meanwhile would wait for a task that has ended
            self._draining -= {asyncio.current_task()}

    async def _work(self) -> None:
        """One stay in a thread of the device. A pass that does not return is given up."""
        model = self._instance.model
        assert model is not None  # ensure_loaded() has just returned
        loop = DeviceLoop(self._instance.name, model, self._queue, self._limit)
        call = asyncio.ensure_future(self._instance.workers.run(self._instance.on_device(loop.run)))
        try:
            await self._watch(loop, call)
        except CorruptWeights as error:
            await self.repair(model, error)
        except BaseException:
            loop.stop(_closing)
            raise

    async def _watch(self, loop: DeviceLoop, call: asyncio.Future[Any]) -> None:
        stall_s = self._instance.stall_s
        while True:
            patience_s = stall_s - _seconds_since(loop.pass_started_s)
            done, _ = await asyncio.wait({call}, timeout=max(0.0, patience_s))
            if done:
                call.result()
                return
            if _seconds_since(loop.pass_started_s) >= stall_s:
                loop.stop(_copies(self._instance.stalled()))
                self._instance.start_afresh()
                return


def _seconds_since(instant_s: float | None) -> float:
    return 0.0 if instant_s is None else time.monotonic() - instant_s


def _closing() -> Unavailable:
    return Unavailable("the server is shutting down; send the request again")


def _copies(error: SpeechError) -> Callable[[], SpeechError]:
    """The same error for each request: an exception is raised once, traceback and all."""
    return lambda: type(error)(error.message, param=error.param, retry_after_s=error.retry_after_s)
