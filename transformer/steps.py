"""What a toolchain function works with: prepare the predictors, then call them one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from contract.catalog import CatalogSnapshot
from contract.config import ModelConfig
from contract.context import RequestContext
from contract.errors import SpeechError
from contract.lifecycle import Lifecycle
from contract.tasks import TaskInput, TaskOutput
from contract.toolchains import ModelTypes
from transport.client.client import Client
from transport.recordings.transcription import USUAL, Splitting

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Need:
    """A predictor of one of these types; of this language or name, where one is given."""

    model_types: ModelTypes
    language: str | None = None
    name: str | None = None


class Steps:
    """One request's way through a toolchain. Every call is a step of the request's lifecycle."""

    def __init__(
        self,
        client: Client,
        catalog: CatalogSnapshot,
        context: RequestContext,
        lifecycle: Lifecycle,
        splitting: Splitting = USUAL,
    ) -> None:
        self.splitting = splitting
        self._client, self._catalog = client, catalog
        self._context, self._lifecycle = context, lifecycle

    @property
    def deadline_s(self) -> float:
        """Of the request, by time.monotonic()."""
        return self._context.deadline_s

    async def prepare(self, *needs: Need) -> None:
        """Wake a predictor for every need, all at once, so that cold starts overlap.

        Raises Unroutable, before any work, when a need cannot be met.
        """
        await self._client.wake([self.pick(need).name for need in needs], self._context)

    def pick(self, need: Need) -> ModelConfig:
        return self._catalog.pick(need.model_types, language=need.language, name=need.name)

    async def call(self, need: Need, request: TaskInput[O]) -> O:
        self._context.check_deadline()
        model = self.pick(need).name
        with self._lifecycle.step(model):
            return await self._client.call(model, request, self._context)


@contextmanager
def rename_error_field(names: Mapping[str, str]) -> Iterator[None]:
    """Errors of the steps inside name the field that the toolchain's caller sent, not their own."""
    try:
        yield
    except SpeechError as error:
        error.renamed(names)
        raise


async def gather_two(first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Await two branches at once. When one fails the other is cancelled and the error raised."""
    try:
        async with asyncio.TaskGroup() as group:
            left, right = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return left.result(), right.result()


async def gather_each(
    call: Callable[[A], Awaitable[B]], items: Sequence[A], *, most: int
) -> list[B]:
    """`call` for every item, at most `most` at once; results in the items' order. When one fails
    the rest are cancelled and the error raised."""
    room = asyncio.Semaphore(most)

    async def bounded(item: A) -> B:
        async with room:
            return await call(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(bounded(item)) for item in items]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [one.result() for one in tasks]
