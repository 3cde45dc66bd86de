"""Answers worth keeping: embeddings, speech segments and synthesis, keyed by content.

A key is the SHA-256 of who asks and of everything that decides the answer: the model, its weights,
and every field of the request. Values are bytes, so a cache in memory and one in Redis hold the
same thing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import logging
from collections.abc import Awaitable
from typing import Any, Protocol

import cachetools
import numpy as np

from contract.config import ModelConfig
from contract.tasks import TaskInput

logger = logging.getLogger(__name__)

_PREFIX = "harmony-speech:"
_MOST_WAIT_S = 1.0
"""For Redis. Its client would wait and ask again for most of a minute."""


class Store(Protocol):
    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes) -> None: ...

    async def aclose(self) -> None: ...


class MemoryStore:
    """Least recently used, bounded by bytes and by age."""

    def __init__(self, max_bytes: int, ttl_s: float) -> None:
        self._items: cachetools.TTLCache[str, bytes] = cachetools.TTLCache(
            max_bytes, ttl_s, getsizeof=len
        )

    async def get(self, key: str) -> bytes | None:
        return self._items.get(key)

    async def set(self, key: str, value: bytes) -> None:
        if len(value) <= self._items.maxsize:
            self._items[key] = value

    async def aclose(self) -> None:
        self._items.clear()


class RedisClient(Protocol):
    """What a store needs of `redis.asyncio.Redis`."""

    def get(self, name: str) -> Awaitable[Any]: ...

    def set(self, name: str, value: bytes, *, px: int) -> Awaitable[Any]: ...

    def aclose(self) -> Awaitable[Any]: ...


class RedisStore:
    """Shared between pods. Redis bounds the bytes (maxmemory); a cache that is down or hangs is a
    miss."""

    def __init__(
        self,
        redis: RedisClient,
        ttl_s: float,
        *,
        wait_s: float = _MOST_WAIT_S,
    ) -> None:
        self._redis, self._ttl_ms, self._wait_s = redis, int(ttl_s * 1000), wait_s

    async def get(self, key: str) -> bytes | None:
        try:
            async with asyncio.timeout(self._wait_s):
                kept: bytes | None = await self._redis.get(_PREFIX + key)
            return kept
        except Exception as exc:  # a cache may fail in any way and must never fail a request
            logger.warning("cache read failed: %s", type(exc).__name__)
            return None

    async def set(self, key: str, value: bytes) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._redis.set(_PREFIX + key, value, px=self._ttl_ms)
        except Exception as exc:  # as above
            logger.warning("cache write failed: %s", type(exc).__name__)

    async def aclose(self) -> None:
        await self._redis.aclose()


def cache_key(
    model: str, config: ModelConfig | None, request: TaskInput[Any], owner: str = ""
) -> str:
    """Digest of all that decides the answer, and of who may be given it. Hashes the audio: call it
    off the event loop."""
    digest = hashlib.sha256()
    _feed(digest, (owner, model))
    if config is not None:
        digest.update(config.model_dump_json(exclude={"fallback"}).encode())
    _feed(digest, request)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, value: Any) -> None:
    """Type and size precede every value, so that no two requests spell the same bytes."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        digest.update(f"<{type(value).__name__}:{len(fields)}>".encode())
        for field in fields:
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        digest.update(f"<{value.dtype.str}{value.shape}>".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple):
        digest.update(f"<tuple:{len(value)}>".encode())
        for item in value:
            _feed(digest, item)
    else:
        data = value if isinstance(value, bytes) else repr(value).encode()
        digest.update(f"<{type(value).__name__}:{len(data)}>".encode())
        digest.update(data)
