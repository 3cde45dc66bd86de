"""One configured model, in memory or not: loads once for all who wait, unloads, starts afresh."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Any, TypeVar

from contract.config import ModelConfig
from contract.errors import ModelFailed, ModelNotReady, SpeechError
from contract.model_types import MODEL_TYPES
from contract.tasks import Task
from predictors.runtime import metrics
from predictors.runtime.devices import run_on_own_stream, wait_for_device, worker_device
from predictors.runtime.direct import warm_up
from predictors.runtime.load_failures import cause, for_callers
from predictors.runtime.memory import MemoryBudget
from predictors.runtime.model import Model
from predictors.runtime.out_of_memory import give_memory_back, is_out_of_memory
from predictors.runtime.registry import ModelTypeSource
from predictors.runtime.settings import Settings
from predictors.runtime.weights.source import is_local
from predictors.runtime.weights.store import CorruptWeights, WeightsHandle
from predictors.runtime.worker import Workers, run_apart

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
    """Owns a model and the moves between its states; knows nothing of requests.

    `load` runs in a thread of its own, the device's passes in `workers`. A load that nobody waits
    for any more goes on: the next request will want it.
    """

    def __init__(
        self,
        config: ModelConfig,
        source: ModelTypeSource,
        weights: WeightsHandle,
        memory: MemoryBudget,
        settings: Settings,
    ) -> None:
        self.config = config
        self.name = config.name
        self._source = source
        self.workers = Workers(f"infer-{config.name}")
        self.state = State.COLD
        self.footprint_bytes = 0
        self.last_used_s = time.monotonic()
        self.model: Model[Any, Any] | None = None
        self._device = worker_device(config.device_config)
        self._weights = weights
        self._memory = memory
        self._settings = settings
        self._users = 0
        self._has_answered = False
        self._failure = ""
        self._retry_at_s = 0.0
        self._loading: asyncio.Task[None] | None = None
        self._ahead: Future[Model[Any, Any]] | None = None
        self._transition = asyncio.Lock()
        memory.add(self)

    @property
    def task(self) -> Task:
        """Of the model type; imports it unless the configuration or the registry's table tells."""
        known = None if isinstance(self._source, type) else self.config.resolved_task
        return known or self._import_type().spec.task

    @property
    def is_loaded(self) -> bool:
        return self.state is State.LOADED

    @property
    def is_ready(self) -> bool:
        """The model has answered its warm-up request and would answer the next, perhaps after
        being loaded again."""
        return self._has_answered and self.state is not State.FAILED

    @property
    def stall_s(self) -> float:
        """A pass that takes longer has stalled."""
        return self._settings.stall_s

    def hold(self) -> None:
        """From here on the model is at work, and is not unloaded to make room."""
        self._users += 1

    def let_go(self) -> None:
        self._users -= 1
        self.last_used_s = time.monotonic()

    def on_device(self, call: Callable[[], T]) -> Callable[[], T]:
        """The same call, on the CUDA stream of the thread that makes it, if it has a GPU."""
        return partial(run_on_own_stream, self._device, call)

    def stalled(self) -> Stalled:
        return Stalled(
            f"{self.name} did not answer within {self.stall_s:.0f} s; send a smaller request"
        )

    def start_afresh(self) -> None:
        """Leave thread and model to the pass that does not return, and take new ones."""
        logger.error("%s stalled; its thread is abandoned and the model loads anew", self.name)
        self.workers.close()
        self._weights.discard()
        self.model = None
        self.state = State.COLD

    def load_ahead(self) -> None:
        """Begin to load and warm up before there is an event loop; the first load takes what comes
        of it. Only types that say so may, as this thread goes on importing, and no weights of the
        Hub, whose client would be imported."""
        known = MODEL_TYPES.get(self.config.model_type)
        if known is None or not known.loads_ahead or not is_local(self.config.model):
            return
        with suppress(Exception):  # the first load meets it again and reports it
            self._import_type()
            workers = Workers(f"load-{self.name}")
            self._ahead = workers.submit(self._load_and_warm_up_in_thread)
            workers.close()

    async def ensure_loaded(self) -> None:
        """Return when the model is in memory. Raises ModelNotReady when it cannot be loaded."""
        while self.state is not State.LOADED:
            if self._loading is None:
                self.refuse_while_failed()
                self._loading = asyncio.create_task(self._load(), name=f"load {self.name}")
            await asyncio.shield(self._loading)
            if self.state is State.FAILED:  # even where the pause is over by now
                raise self._not_ready()

    def refuse_while_failed(self) -> None:
        """Raise ModelNotReady, with the reason, until the pause after a failed load is over."""
        if self.state is State.FAILED and time.monotonic() < self._retry_at_s:
            raise self._not_ready()

    def _not_ready(self) -> ModelNotReady:
        pause_s = self._retry_at_s - time.monotonic()
        return ModelNotReady(self._failure, retry_after_s=max(1.0, pause_s))

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
                self.model = await self._bring_up()
                self.footprint_bytes = self.model.size_bytes
                self.workers.threads = self.model.concurrent_passes
                self.state = State.LOADED
        except Exception as exc:  # whatever a model library raises
            try:
                await self._drop(discard=True)
            finally:
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

    async def _bring_up(self) -> Model[Any, Any]:
        """Load and warm up; once more after damaged weights or when memory ran out."""
        try:
            return await self._load_and_warm_up()
        except CorruptWeights:
            logger.warning("the weights of %s are damaged; loading them once more", self.name)
            await self._drop(discard=True)
        except Exception as exc:
            if not is_out_of_memory(exc):
                raise
            logger.warning("no memory to load %s; unloading what is idle", self.name)
            await self._drop()
            await self._memory.evict_idle(keep=self)
        return await self._load_and_warm_up()

    async def _load_and_warm_up(self) -> Model[Any, Any]:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return await self._warmed_up(asyncio.wrap_future(ahead))
        model = await run_apart(self._load_in_thread, f"load-{self.name}")
        await self._warmed_up(self.workers.run(self.on_device(partial(warm_up, model))))
        return model

    async def _warmed_up(self, passes: Awaitable[T]) -> T:
        """Await a warm-up. Raises Stalled when it takes longer than the operator allows."""
        try:
            async with asyncio.timeout(self.stall_s) as patience:
                return await passes
        except TimeoutError:
            if not patience.expired():  # the model's own
                raise
            self.start_afresh()
            words = f"{self.name} did not end its warm-up within {self.stall_s:.0f} s"
            raise Stalled(f"{words}; it is loaded anew after a pause") from None

    def _load_in_thread(self) -> Model[Any, Any]:
        model: Model[Any, Any] = self._import_type().load(self.config, self._weights)
        wait_for_device(self._device)
        return model

    def _load_and_warm_up_in_thread(self) -> Model[Any, Any]:
        model = self._load_in_thread()
        self.on_device(partial(warm_up, model))()
        return model

    def _import_type(self) -> type[Model[Any, Any]]:
        source = self._source
        return source if isinstance(source, type) else source()

    async def _unload(
        self, next_state: State, *, discard: bool = False, is_last: bool = False
    ) -> None:
        self.state = next_state  # first: nobody may start a batch on it from here on
        await self._drop(discard=discard, is_last=is_last)
        metrics.UNLOADS.labels(self.name).inc()
        metrics.LOADED.labels(self.name).set(0)

    async def _drop(self, *, discard: bool = False, is_last: bool = False) -> None:
        """Let go of the model and of its shared weights.

        The last time, nothing is swept: the process gives its memory back as it ends.
        """
        self.model = None
        (self._weights.discard if discard else self._weights.release)()
        if not is_last:
            await self.workers.run(give_memory_back)

    def _fail(self, error: Exception) -> None:
        self.state = State.FAILED
        self._retry_at_s = time.monotonic() + self._settings.load_retry_s
        self._failure = for_callers(self.name, error)
        metrics.LOADS.labels(self.name, "failed").inc()
        is_ours = isinstance(error, SpeechError)
        reason = f"{self._failure}{cause(error)}" if is_ours else self._failure
        logger.error("%s is not ready: %s", self.name, reason, exc_info=None if is_ours else error)
