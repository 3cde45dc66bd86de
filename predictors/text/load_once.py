"""Loading a dictionary on first use, once per process, whichever thread comes first."""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import TypeVar

Loaded = TypeVar("Loaded")


def load_once(load: Callable[[], Loaded]) -> Callable[[], Loaded]:
    """`load`, run at most once if it succeeds; callers that come meanwhile wait for its result."""
    lock = Lock()
    loaded: list[Loaded] = []

    @wraps(load)
    def get() -> Loaded:
        if not loaded:
            with lock:
                if not loaded:
                    loaded.append(load())
        return loaded[0]

    return get
