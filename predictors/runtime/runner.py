"""The protocol-free predictor: a request goes in, its output or a SpeechError comes out.

V1, V2 REST, V2 gRPC and the in-process client all end in `ModelRunner.submit`, so they all get the
same checks, queue, batches, deadline, metrics and log line.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, TypeVar

from contract.context import Priority, RequestContext
from contract.errors import (
    Cancelled,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    ModelNotReady,
    SpeechError,
)
from contract.lifecycle import Lifecycle
from contract.tasks import INPUTS, Task, TaskInput, TaskOutput
from predictors.runtime.accounting import Request, account, work_of
from predictors.runtime.admission import Admission, Ticket
from predictors.runtime.devices import empty_pinned_cache
from predictors.runtime.each_segment import by_segment
from predictors.runtime.heap import give_back_free_memory
from predictors.runtime.instance import ModelInstance
from predictors.runtime.memory import MemoryBudget
from predictors.runtime.model import Prepared
from predictors.runtime.queue import Job, Outcome
from predictors.runtime.scheduler import Scheduler
from predictors.runtime.settings import Settings
from predictors.runtime.sizes import size_of
from predictors.runtime.weights.store import CorruptWeights
from predictors.runtime.worker import Workers
from transport.asgi.settings import MEGABYTE

logger = logging.getLogger(__name__)
T = TypeVar("T")
_LOADING_PAUSE_S = 2.0
_MOST_THREADS = 4
_IDLE_S = 5.0
_RANKS = {Priority.INTERACTIVE: 1, Priority.BATCH: 2}
_FINISH_RANK = 0


class ModelRunner:
    """One configured model, ready to be asked. Made by ModelRepository.add()."""

    def __init__(
        self,
        instance: ModelInstance,
        scheduler: Scheduler,
        memory: MemoryBudget,
        settings: Settings,
    ) -> None:
        self._instance = instance
        self._scheduler = scheduler
        self._memory = memory
        self._settings = settings
        self._admission = Admission(
            max_waiting=settings.max_queue,
            max_bytes=settings.max_queue_mb * MEGABYTE,
            running=scheduler.running_requests,
            on_left=self._note_left,
        )
        threads = settings.prepare_threads or min(_MOST_THREADS, os.cpu_count() or 1)
        self._pool = Workers(f"prepare-{instance.name}", threads)
        self._trimming: asyncio.Task[None] | None = None
        self._tidying: asyncio.TimerHandle | asyncio.Task[None] | None = None
        self._is_closed = False
        self.name, self.task = instance.name, instance.task

    @property
    def tasks(self) -> tuple[Task, ...]:
        return (self.task,)

    @property
    def is_ready(self) -> bool:
        """True when the model has proven that it answers and can answer again."""
        return self._instance.is_ready and not self._is_closed

    @property
    def is_loaded(self) -> bool:
        """True when a request would be answered without loading first."""
        return self._instance.is_loaded

    @property
    def batch_limit(self) -> int:
        """Most units in one pass now: the configured number, less after memory ran out."""
        return self._scheduler.batch_limit

    @property
    def queue_depth(self) -> int:
        """Requests of which something waits for the device now."""
        return self._scheduler.queue_depth

    def load_ahead(self) -> None:
        """Begin to load before there is an event loop, where that is safe."""
        self._instance.load_ahead()

    async def ensure_loaded(self) -> None:
        """Load if need be, once for everybody who waits. Raises ModelNotReady."""
        await self._instance.ensure_loaded()
        self._note_idle()  # what the load has left behind goes back too

    async def put_to_sleep(self) -> bool:
        """Unload unless the model is at work; tells whether it did. The next request loads it."""
        return await self._instance.put_to_sleep()

    def admit(self, context: RequestContext) -> None:
        """Refuse before a body is decoded. Raises QueueFull; ModelNotReady while a model that
        loads by itself is not there yet, with the reason if the last load failed."""
        if self._settings.load_at_start and not self.is_ready:
            self._instance.refuse_while_failed()
            raise ModelNotReady(
                f"{self.name} is loading; try again in a moment", retry_after_s=_LOADING_PAUSE_S
            )
        self._refuse_if_full(context)

    async def submit(self, request: TaskInput[Any], context: RequestContext) -> TaskOutput:
        """Answer a request. Raises SpeechError; when cancelled, or late, what waits of it leaves at
        once, and the result of a forward pass that has begun is dropped."""
        context = context.within(self._settings.timeout_s)
        own = Request(request, context, Lifecycle(), work_of(request))
        error: SpeechError | None = None
        try:
            output = await self._answer(own)
            own.lifecycle.stop()
            own.work = own.work or work_of(output)
            return output
        except asyncio.CancelledError:
            error = Cancelled("the caller went away")
            raise
        except Exception as exc:
            error = self._as_speech_error(exc)
            raise error from (None if error is exc else exc)
        finally:
            if error is not None:
                own.lifecycle.fail(error)
            account(self.name, self.task, own, error)
            own.job = None  # each knows the other: an hour of sound would wait for the collector

    async def aclose(self) -> None:
        """Refuse what waits, unload, end the threads."""
        self._is_closed = True
        self._note_idle()
        if isinstance(self._tidying, asyncio.Task):
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self._scheduler.aclose()
        await self._instance.aclose()
        await self._instance.workers.aclose()
        await self._pool.aclose()

    async def _answer(self, own: Request) -> TaskOutput:
        if not isinstance(own.input, INPUTS[self.task]):
            raise InvalidRequest(f"{self.name} serves the task {self.task}; send its input")
        own.context.check_deadline()
        nbytes = size_of(own.input)
        self._refuse_if_full(own.context, nbytes)
        self._instance.hold()
        with self._admission.entered(nbytes) as ticket:
            try:
                async with asyncio.timeout(own.context.remaining_s) as patience:
                    return await self._answer_or_repair(own, ticket)
            except TimeoutError as exc:
                if not patience.expired():  # the model's own
                    raise
                raise DeadlineExceeded(
                    f"{self.name} did not answer within the request's deadline; allow it more time"
                ) from exc

    async def _answer_or_repair(self, own: Request, ticket: Ticket) -> TaskOutput:
        """Once more with fresh weights where the first answer shows that they were damaged."""
        rank = _RANKS[own.context.priority]
        while True:
            await self._instance.ensure_loaded()
            model = self._instance.model
            assert model is not None  # ensure_loaded() has just returned
            work = by_segment(model, own.input)
            try:
                prepared = await self._in_pool(partial(work.prepare, own.input), ticket, rank)
                units = [unit.work for unit in prepared.units]
                ticket.nbytes = size_of(own.input) + size_of(units)
                results = await self._through_device(prepared, own, ticket)
                output: TaskOutput = await self._in_pool(
                    partial(work.finish, prepared, results), ticket, _FINISH_RANK
                )
            except CorruptWeights as error:
                await self._scheduler.repair(model, error)
            else:
                self._scheduler.note_answer()
                return output

    async def _through_device(
        self, prepared: Prepared[Any], own: Request, ticket: Ticket
    ) -> list[Any]:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[list[Any]] = loop.create_future()
        with ExitStack() as steps:

            def start() -> None:
                if not outcome.done():
                    own.wait_s = own.lifecycle.age_s
                    steps.enter_context(own.lifecycle.step(self.name))

            job = own.job = Job(
                prepared.units,
                own.context.priority,
                on_start=partial(_post, loop, start),
                on_end=lambda result: _post(loop, partial(_settle, outcome, result)),
                on_left=partial(_post, loop, ticket.let_go),
                caller=own.context.caller,
                arrived_s=own.arrived_s,
            )
            ticket.hold()
            if not prepared.units:
                start()
            self._scheduler.add(job)
            try:
                return await outcome
            finally:
                self._scheduler.discard(job)

    async def _in_pool(self, call: Callable[[], T], ticket: Ticket, rank: int) -> T:
        """Await a call in the pool. While it runs the request counts, whoever still waits."""
        loop = asyncio.get_running_loop()
        ticket.hold()
        future = self._pool.submit(call, rank=rank)
        future.add_done_callback(lambda _: _post(loop, ticket.let_go))
        return await asyncio.wrap_future(future)

    def _refuse_if_full(self, context: RequestContext, nbytes: int = 0) -> None:
        retry_after_s = self._scheduler.retry_after_s(len(self._admission))
        self._admission.refuse_if_full(context.priority, retry_after_s, nbytes)

    def _note_left(self) -> None:
        """An idle model may be unloaded, if the loaded ones are over the memory budget."""
        self._instance.let_go()
        self._note_idle()
        if not len(self._admission) and self._memory.is_exceeded and self._trimming is None:
            self._trimming = asyncio.create_task(self._trim(), name=f"trim {self.name}")

    def _note_idle(self) -> None:
        """Free memory goes back to the system once nothing was asked for a while."""
        if self._tidying is not None:
            self._tidying.cancel()
        if not len(self._admission) and not self._is_closed:
            self._tidying = asyncio.get_running_loop().call_later(_IDLE_S, self._begin_tidying)

    def _begin_tidying(self) -> None:
        self._tidying = asyncio.create_task(self._tidy(), name=f"tidy {self.name}")

    async def _tidy(self) -> None:
        """The model's own caches first, so that what they held goes back too."""
        model = self._instance.model
        if model is not None and self._instance.is_loaded:
            try:
                await self._instance.workers.run(self._instance.on_device(model.trim_memory))
            except Exception:  # whatever a model library raises
                logger.exception("%s could not give its idle memory back", self.name)
        await asyncio.to_thread(empty_pinned_cache)
        await asyncio.to_thread(give_back_free_memory)

    async def _trim(self) -> None:
        try:
            await self._memory.trim()
        finally:
            self._trimming = None

    def _as_speech_error(self, exc: Exception) -> SpeechError:
        if isinstance(exc, SpeechError):
            return exc
        logger.error("%s failed on a request", self.name, exc_info=exc)
        return ModelFailed.of(self.name)


def _settle(future: asyncio.Future[list[Any]], outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, SpeechError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _post(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Have the loop make a call; without effect once it is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)
