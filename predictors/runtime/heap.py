"""Memory that glibc keeps for itself: less of it, and given back when a model is idle.

Threads that make large arrays get heaps of their own (malloc/arena.c), 8 for each core, and what is
freed inside one stays there. Elsewhere than on glibc nothing here has an effect.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

_M_ARENA_MAX = -8  # malloc/malloc.h
_HEAPS = 2


def limit_heaps() -> None:
    """Before threads start: at most two heaps for all of them."""
    mallopt = _function("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _HEAPS)


def give_back_free_memory() -> None:
    """To the system. Nobody can allocate for some milliseconds: call it when nothing is asked."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(ctypes.c_size_t(0))


def _function(name: str) -> Callable[..., Any] | None:
    return getattr(ctypes.CDLL(None), name, None)
