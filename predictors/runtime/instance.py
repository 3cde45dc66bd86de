"""One configured model, in memory or not: loads once for all who wait, unloads, starts afresh."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from typing import Any, TypeVar

from contract.config import ModelConfig
from contract.errors import ModelFailed, ModelNotReady, SpeechError
from predictors.runtime import metrics
from predictors.runtime.memory import MemoryBudget
from predictors.runtime.model import ModelType
from predictors.runtime.out_of_memory import give_memory_back, is_out_of_memory
from predictors.runtime.settings import Settings
from predictors.runtime.weights.store import CorruptWeights, WeightsHandle
from predictors.runtime.worker import Worker, run_apart

logger = logging.getLogger(__name__)
T = TypeVar("T")
_CLOSE_S = 5.0
"""How long closing waits for a pass that runs."""


class Stalled(ModelFailed):
    """A forward pass took longer than the operator allows."""


class State(Enum):
    COLD = auto()
    """Never loaded, or given up and due to be loaded anew."""
    LOADING = auto()
    LOADED = auto()
    ASLEEP = auto()
    """Loaded before, unloaded to make room."""
    FAILED = auto()
    """The last load failed; refused until the pause is over."""


class ModelInstance:
    """Owns a ModelType and the moves between its states; knows nothing of requests.

    `load` runs in a thread of its own and everything else of the model in `worker`. A load that
    nobody waits for any more goes on: the next request will want it.
    """

    def __init__(
        self,
        config: ModelConfig,
        kind: type[ModelType[Any, Any]],
        holder: WeightsHandle,
        worker: Worker,
        memory: MemoryBudget,
        settings: Settings,
    ) -> None:
        self.config = config
        self.worker = worker
        self.state = State.COLD
        self.footprint_bytes = 0
        self.last_used_s = time.monotonic()
        self.model = kind(config, holder)
        self._kind = kind
        self._holder = holder
        self._memory = memory
        self._settings = settings
        self._users = 0
        self._has_answered = False
        self._failure = ""
        self._retry_at_s = 0.0
        self._loading: asyncio.Task[None] | None = None
        self._transition = asyncio.Lock()
        memory.add(self)

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def is_loaded(self) -> bool:
        return self.state is State.LOADED

    @property
    def is_ready(self) -> bool:
        """The model has answered its warm-up request and would answer the next, perhaps after
        being loaded again."""
        return self._has_answered and self.state is not State.FAILED

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the body runs, the model is at work and is not unloaded to make room."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self.last_used_s = time.monotonic()

    async def run(self, call: Callable[[], T]) -> T:
        """Await a call in the worker thread. Raises Stalled when it takes too long."""
        stall_s = self._settings.stall_s
        try:
            async with asyncio.timeout(stall_s) as patience:
                return await self.worker.run(call)
        except TimeoutError as exc:
            if not patience.expired():  # the model's own
                raise
            self._start_afresh()
            raise Stalled(
                f"{self.name} did not answer within {stall_s:.0f} s; send a smaller request"
            ) from exc

    async def ensure_loaded(self) -> None:
        """Return when the model is in memory. Raises ModelNotReady when it cannot be loaded."""
        if self.state is State.LOADED:
            return
        if self._loading is None:
            self.refuse_while_failed()
            self._loading = asyncio.create_task(self._load(), name=f"load {self.name}")
        await asyncio.shield(self._loading)
        self.refuse_while_failed()

    def refuse_while_failed(self) -> None:
        """Raise ModelNotReady, with the reason, until the pause after a failed load is over."""
        pause_s = self._retry_at_s - time.monotonic()
        if self.state is State.FAILED and pause_s > 0:
            raise ModelNotReady(self._failure, retry_after_s=max(1.0, pause_s))

    async def reload(self) -> None:
        """Load damaged weights anew. Raises ModelNotReady when that does not succeed."""
        async with self._transition:
            await self._unload(State.COLD, discard=True)
        await self.ensure_loaded()

    async def give_up(self, error: Exception) -> None:
        """Unload and refuse requests for a while."""
        async with self._transition:
            await self._unload(State.COLD, discard=True)
            self._fail(error)

    async def put_to_sleep(self) -> bool:
        """Unload unless the model is at work; tells whether it did."""
        async with self._transition:
            if self._users or self.state is not State.LOADED:
                return False
            await self._unload(State.ASLEEP)
            return True

    async def aclose(self) -> None:
        """Unload, whatever the state, and end the load that may be under way."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        if self.state is State.LOADED:
            with suppress(TimeoutError):  # a pass that does not end must not keep the process
                async with asyncio.timeout(_CLOSE_S):
                    await self._unload(State.COLD, is_last=True)
        self._has_answered = False

    async def _load(self) -> None:
        started_s = time.monotonic()
        try:
            async with self._transition, self._memory.room_for(self):
                self.state = State.LOADING
                await self._bring_up()
                self.footprint_bytes = self.model.footprint_bytes()
                self.state = State.LOADED
        except Exception as exc:  # whatever a model library raises
            await self._drop(discard=True)
            self._fail(exc)
        else:
            self._has_answered = True
            self._note_success(time.monotonic() - started_s)
        finally:
            self._loading = None

    def _note_success(self, seconds: float) -> None:
        metrics.LOADS.labels(self.name, "ok").inc()
        metrics.LOADED.labels(self.name).set(1)
        metrics.LOAD_SECONDS.labels(self.name).observe(seconds)
        logger.info("loaded %s in %.2f s", self.name, seconds)

    async def _bring_up(self) -> None:
        """Load and warm up; once more after damaged weights or when memory ran out."""
        try:
            await self._load_and_warm_up()
            return
        except CorruptWeights:
            logger.warning("the weights of %s are damaged; loading them once more", self.name)
            await self._drop(discard=True)
        except Exception as exc:
            if not is_out_of_memory(exc):
                raise
            logger.warning("no memory to load %s; unloading what is idle", self.name)
            await self._drop()
            await self._memory.evict_idle(keep=self)
        await self._load_and_warm_up()

    async def _load_and_warm_up(self) -> None:
        model = self.model
        await run_apart(model.load, f"load-{self.name}")
        (answer,) = await self.run(lambda: model.infer([model.warm_up_request()]))
        if isinstance(answer, SpeechError):
            raise answer

    async def _unload(
        self, next_state: State, *, discard: bool = False, is_last: bool = False
    ) -> None:
        self.state = next_state  # first: nobody may start a batch on it from here on
        await self._drop(discard=discard, is_last=is_last)
        metrics.UNLOADS.labels(self.name).inc()
        metrics.LOADED.labels(self.name).set(0)

    async def _drop(self, *, discard: bool = False, is_last: bool = False) -> None:
        """Take out of memory what load() made; a fault in unload() is logged, not passed on.

        The last time, nothing is swept: the process gives its memory back as it ends.
        """
        model, holder = self.model, self._holder

        def unload() -> None:
            model.unload()
            (holder.discard if discard else holder.release)()
            if not is_last:
                give_memory_back()

        try:
            await self.worker.run(unload)
        except Exception:
            logger.exception("unloading %s failed", self.name)

    def _start_afresh(self) -> None:
        """Leave thread and instance to the call that does not return, and take new ones."""
        logger.error("%s stalled; its thread is abandoned and the model loads anew", self.name)
        self.worker.abandon()
        self._holder.discard()
        self.model = self._kind(self.config, self._holder)
        self.state = State.COLD

    def _fail(self, error: Exception) -> None:
        self.state = State.FAILED
        self._retry_at_s = time.monotonic() + self._settings.load_retry_s
        self._failure = _explain(self.name, error)
        metrics.LOADS.labels(self.name, "failed").inc()
        logger.error("%s is not ready: %s", self.name, self._failure, exc_info=error)


def _explain(name: str, error: Exception) -> str:
    """What a caller may know: our own errors' words, nothing of a library's, which holds paths."""
    if isinstance(error, SpeechError):
        return error.message
    return f"{name} could not be loaded; the server's log tells why"
