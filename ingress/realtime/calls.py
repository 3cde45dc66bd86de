"""How a session asks models: as every request does, within what is left for sockets."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from contract.catalog import CatalogSnapshot
from contract.context import Priority, RequestContext
from contract.errors import Overloaded
from contract.tasks import (
    DetectSpeechInput,
    DetectSpeechOutput,
    TaskInput,
    TaskOutput,
    TranscribeInput,
    TranscribeOutput,
)
from ingress.dialect import Dialect
from ingress.request_state import RequestState
from ingress.state import AppState

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call

_RETRY_S = 0.5


class Places:
    """Calls of all sessions at once; the rest wait in turn, and ask for more sound at a time."""

    def __init__(self, most: int) -> None:
        self.detections = asyncio.Semaphore(most)
        self.transcriptions = asyncio.Semaphore(most)


@dataclass(frozen=True)
class Calls:
    """Of one session."""

    app_state: AppState
    places: Places
    session: RequestState

    @property
    def snapshot(self) -> CatalogSnapshot:
        return self.app_state.catalog.current

    async def wake(self, models: list[str]) -> None:
        """All at once, without waiting."""
        await self.app_state.client.wake(models, self._context(self.app_state.settings.timeout_s))

    async def detect(
        self, model: str, request: DetectSpeechInput, timeout_s: float
    ) -> DetectSpeechOutput:
        async with self.places.detections:
            return await self._call(model, request, timeout_s)

    async def transcribe(
        self, model: str, request: TranscribeInput, *, may_wait: bool = False
    ) -> TranscribeOutput:
        """`may_wait`: behind the texts that somebody waits for, of other sessions too."""
        priority = Priority.BATCH if may_wait else Priority.INTERACTIVE
        async with self.places.transcriptions:
            return await self._call(model, request, self.app_state.settings.timeout_s, priority)

    async def transcribe_at_last(self, model: str, request: TranscribeInput) -> TranscribeOutput:
        """The same, asked again while the model has too much to do."""
        due_s = time.monotonic() + self.app_state.settings.timeout_s
        while time.monotonic() < due_s:
            with suppress(Overloaded):
                return await self.transcribe(model, request)
            await asyncio.sleep(_RETRY_S)
        return await self.transcribe(model, request)

    async def _call(
        self,
        model: str,
        request: TaskInput[O],
        timeout_s: float,
        priority: Priority = Priority.INTERACTIVE,
    ) -> O:
        context = self._context(timeout_s, priority)
        state = RequestState(context, Dialect.OPENAI, caller=self.session.caller)
        with state.lease:
            return await self.app_state.call(model, request, state)

    def _context(
        self, timeout_s: float, priority: Priority = Priority.INTERACTIVE
    ) -> RequestContext:
        return RequestContext(
            priority=priority,
            deadline_s=time.monotonic() + timeout_s,
            traceparent=self.session.context.traceparent,
            caller=self.session.context.caller,
            is_private=True,
        )
