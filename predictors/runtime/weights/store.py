"""Weights in memory, shared by every model type in the process that asks for the same key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from contract.errors import ModelFailed

W = TypeVar("W")


class CorruptWeights(ModelFailed):
    """Loaded weights are damaged (NaN output, checksum). The runtime loads them anew, once."""


class _Entry:
    """One object; `lock` lets a single thread build it while the others wait."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_built = False
        self.value: Any = None
        self.holders: set[WeightsHandle] = set()


class WeightStore:
    """The objects that model types share, each kept for as long as somebody holds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Hashable, _Entry] = {}

    def holder(self) -> WeightsHandle:
        """A view for one model; what it takes, it holds until it releases."""
        return WeightsHandle(self)

    def keys(self) -> frozenset[Hashable]:
        with self._lock:
            return frozenset(self._entries)

    def take(self, key: Hashable, holder: WeightsHandle) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.holders.add(holder)
            return entry

    def give_back(self, holder: WeightsHandle, *, forget: bool) -> None:
        with self._lock:
            for key, entry in list(self._entries.items()):
                if holder not in entry.holders:
                    continue
                entry.holders.remove(holder)
                if forget or not entry.holders:
                    del self._entries[key]


class WeightsHandle:
    """What a model type's `load` is given as `weights`."""

    def __init__(self, store: WeightStore) -> None:
        self._store = store

    def share(self, key: Hashable, build: Callable[[], W]) -> W:
        """The object under `key`; the first to ask builds it, in the calling thread."""
        entry = self._store.take(key, self)
        with entry.lock:
            if not entry.is_built:
                entry.value = build()
                entry.is_built = True
            value: W = entry.value
            return value

    def release(self) -> None:
        """Let go of everything; what nobody else holds leaves memory."""
        self._store.give_back(self, forget=False)

    def discard(self) -> None:
        """Let go of damaged weights: whoever asks for the same keys next builds them anew."""
        self._store.give_back(self, forget=True)
