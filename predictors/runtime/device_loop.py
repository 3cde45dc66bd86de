"""The device's thread at work: pass after pass, without a gap, until no unit waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from contract.errors import ModelFailed, SpeechError
from predictors.runtime import metrics
from predictors.runtime.model import Model
from predictors.runtime.out_of_memory import give_memory_back, is_out_of_memory
from predictors.runtime.queue import PassLimits, Place, UnitQueue
from predictors.runtime.weights.store import CorruptWeights

logger = logging.getLogger(__name__)

_GROW_AFTER = 8
"""Full batches in a row that must succeed before a batch limit cut by memory doubles."""
_SMOOTHING = 0.3
"""Weight of the newest pass in the mean service time."""


class BatchLimit:
    """Most units in one pass: the configured number, halved each time memory runs out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._successes = 0
        self.size = most
        self.unit_s: float | None = None
        """Mean seconds of a unit in a pass, once there was one."""

    def shrink(self, failed_size: int) -> None:
        self.size = min(self.size, max(1, failed_size // 2))
        self._successes = 0

    def note_success(self, size: int, seconds: float) -> None:
        each_s = seconds / size
        old_s = each_s if self.unit_s is None else self.unit_s
        self.unit_s = old_s + _SMOOTHING * (each_s - old_s)
        if size < self.size or self.size == self._most:
            return
        self._successes += 1
        if self._successes >= _GROW_AFTER:
            self.size = min(self._most, self.size * 2)
            self._successes = 0


class DeviceLoop:
    """Runs what waits through one loaded model. Made for one stay in the device's thread.

    A batch that fails is picked up here: after memory ran out it is halved, after anything else its
    units run one by one, so that only the request that is to blame fails.
    """

    def __init__(
        self, name: str, model: Model[Any, Any], queue: UnitQueue, limit: BatchLimit
    ) -> None:
        self.model = model
        self.pass_started_s: float | None = None
        """Instant of `time.monotonic`, while a pass runs."""
        self._name = name
        self._queue = queue
        self._limit = limit
        self._failed = partial(ModelFailed.of, name)
        self._is_stopped = False
        self._current: list[Place] = []

    def run(self) -> None:
        """Return when nothing waits, or when stopped. Raises CorruptWeights; the units that met
        them wait again."""
        while places := self._take():
            try:
                self._run(places)
            except CorruptWeights:
                raise
            except Exception:  # an error of ours; nobody may wait for ever
                logger.exception("running a pass of %s failed", self._name)
                self._settle(self._current, lambda: self._queue.fail(self._current, self._failed))

    def stop(self, error: Callable[[], SpeechError]) -> None:
        """Take no further batch, and end the requests of the one that runs."""
        with self._queue.lock:
            self._is_stopped = True
            current, self._current = self._current, []
            self._queue.fail(current, error)

    def _take(self) -> list[Place]:
        model = self.model
        with self._queue.lock:
            if self._is_stopped:
                return []
            self._current = self._queue.take(
                PassLimits(self._limit.size, model.max_batch_cost, model.is_padded)
            )
            return self._current

    def _run(self, places: Sequence[Place]) -> None:
        """One forward pass, or what it takes to have a result or an error for each unit."""
        places = self._wanted(places)
        if not places:
            return
        started_s = self.pass_started_s = time.monotonic()
        results = self._forward(places)
        seconds, self.pass_started_s = time.monotonic() - started_s, None
        if isinstance(results, Exception):
            self._recover(places, results)
            return
        self._note_success(places, seconds)
        self._settle(places, lambda: self._queue.record(places, results, seconds))

    def _forward(self, places: Sequence[Place]) -> Sequence[Any] | Exception:
        """Results, or why there are none; what is done about it is done outside the handler, which
        would keep the memory of the pass."""
        try:
            results: Sequence[Any] = self.model.run([place.unit.work for place in places])
            if len(results) != len(places):
                raise RuntimeError(f"{len(results)} results for {len(places)} units")
        except Exception as exc:  # whatever a model library raises
            return exc
        return results

    def _wanted(self, places: Sequence[Place]) -> Sequence[Place]:
        """Those of which the request has not ended meanwhile; the others leave the pass."""
        with self._queue.lock:
            if self._is_stopped:
                return []
            wanted = self._queue.wanted(places)
            gone = [one for one in places if one not in wanted]
            self._current = [one for one in self._current if one not in gone]
            return wanted

    def _settle(self, places: Sequence[Place], how: Callable[[], None]) -> None:
        """Do it unless the loop was stopped meanwhile, which ended these requests."""
        with self._queue.lock:
            if self._is_stopped:
                return
            how()
            self._current = [one for one in self._current if one not in places]

    def _note_success(self, places: Sequence[Place], seconds: float) -> None:
        metrics.INFERENCE_SECONDS.labels(self._name).observe(seconds)
        metrics.BATCH_SIZE.labels(self._name).observe(len(places))
        with self._queue.lock:
            self._limit.note_success(len(places), seconds)
            for job in {place.job for place in places}:
                job.infer_s += seconds
                job.batch_size = max(job.batch_size, len(places))

    def _recover(self, places: Sequence[Place], error: Exception) -> None:
        if isinstance(error, CorruptWeights):
            self._settle(self._current, lambda: self._queue.give_back(self._current))
            raise error
        if is_out_of_memory(error):
            error.__traceback__ = None  # its frames hold what the pass had allocated
            self._run_in_halves(places)
        elif len(places) > 1:
            logger.warning("a batch of %d failed on %s", len(places), self._name, exc_info=error)
            for place in places:
                self._run([place])
        else:
            self._settle(places, lambda: self._queue.fail(places, lambda: self._explained(error)))

    def _run_in_halves(self, places: Sequence[Place]) -> None:
        self._limit.shrink(len(places))
        logger.warning(
            "%s ran out of memory on %d units; at most %d from now on",
            self._name,
            len(places),
            self._limit.size,
        )
        give_memory_back()
        if len(places) == 1:
            self._settle(places, lambda: self._queue.fail(places, _too_large))
            return
        middle = len(places) // 2
        self._run(places[:middle])
        self._run(places[middle:])

    def _explained(self, error: Exception) -> SpeechError:
        if isinstance(error, SpeechError):
            return error
        logger.error("%s failed on a request", self._name, exc_info=error)
        return self._failed()


def _too_large() -> ModelFailed:
    return ModelFailed("the request needs more memory than there is; send a shorter one")
