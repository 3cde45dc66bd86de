"""A Client whose models are plain functions; it remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contract.context import RequestContext
from contract.tasks import TaskInput, TaskOutput

Answer = Callable[[Any], TaskOutput]


class ScriptedClient:
    def __init__(self, answers: Mapping[str, Answer], *, meet: int = 1) -> None:
        """`meet`: no call is answered before that many run at once (proves that steps overlap)."""
        self._answers = answers
        self._barrier = asyncio.Barrier(meet)
        self._meeting = meet > 1
        self.calls: list[tuple[str, TaskInput[Any]]] = []
        self.woken: list[list[str]] = []

    @property
    def called(self) -> list[str]:
        return [model for model, _ in self.calls]

    def request_to(self, model: str) -> Any:
        return next(request for name, request in self.calls if name == model)

    async def call(self, model: str, request: Any, context: RequestContext) -> Any:
        self.calls.append((model, request))
        if self._meeting:
            await self._barrier.wait()
            self._meeting = False
        await asyncio.sleep(0)
        return self._answers[model](request)

    async def is_ready(self, model: str) -> bool:
        return model in self._answers

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        self.woken.append(list(models))
