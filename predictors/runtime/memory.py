"""The memory that loaded models may take together; the least recently used one makes room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from transport.asgi.settings import MEGABYTE

logger = logging.getLogger(__name__)


class Resident(Protocol):
    """A model that may be in memory."""

    @property
    def name(self) -> str: ...
    @property
    def is_loaded(self) -> bool: ...
    @property
    def last_used_s(self) -> float: ...
    @property
    def footprint_bytes(self) -> int:
        """Memory it takes when loaded; 0 until it was loaded once."""
        ...

    async def put_to_sleep(self) -> bool:
        """Unload, unless it is at work; tells whether it did."""
        ...


class MemoryBudget:
    """Counts what model types say they take; without a limit it never unloads anything.

    Models at work stay, whatever the limit: the budget is exceeded until they are idle. With a
    limit, models load one at a time, so that two loads cannot claim the same room.
    """

    def __init__(self, limit_bytes: int | None) -> None:
        self._limit_bytes = limit_bytes
        self._residents: list[Resident] = []
        self._lock = asyncio.Lock()

    def add(self, resident: Resident) -> None:
        self._residents.append(resident)

    @asynccontextmanager
    async def room_for(self, newcomer: Resident) -> AsyncIterator[None]:
        """Make room, let the newcomer load in the body, then count what it really took."""
        if self._limit_bytes is None:
            yield
            return
        async with self._lock:
            await self._evict(self._limit_bytes - newcomer.footprint_bytes, keep=newcomer)
            yield
            await self._evict(self._limit_bytes, keep=newcomer)
        if self._used_bytes() > self._limit_bytes:
            logger.warning(
                "loaded models take %d MB, more than the memory budget; the others are at work",
                self._used_bytes() // MEGABYTE,
            )

    @property
    def is_exceeded(self) -> bool:
        """Whether loaded models take more than they may."""
        return self._limit_bytes is not None and self._used_bytes() > self._limit_bytes

    async def trim(self) -> None:
        """Make up for models that could not be unloaded while they were at work."""
        limit = self._limit_bytes
        if limit is None or not self.is_exceeded or self._lock.locked():
            return
        async with self._lock:
            await self._evict(limit, keep=None)

    async def evict_idle(self, keep: Resident) -> None:
        """Unload every idle model but one: the device itself has run out of memory."""
        for resident in self._loaded(keep):
            await resident.put_to_sleep()

    async def _evict(self, target_bytes: int, keep: Resident | None) -> None:
        for resident in self._loaded(keep):
            if self._used_bytes() <= target_bytes:
                return
            if await resident.put_to_sleep():
                logger.info("unloaded %s to make room", resident.name)

    def _loaded(self, keep: Resident | None) -> list[Resident]:
        """Loaded models, least recently used first."""
        others = [one for one in self._residents if one.is_loaded and one is not keep]
        return sorted(others, key=lambda one: one.last_used_s)

    def _used_bytes(self) -> int:
        return sum(one.footprint_bytes for one in self._residents if one.is_loaded)
