"""Telling that memory ran out, and giving unused memory back, for every library we run."""

from __future__ import annotations

import gc

from predictors.runtime.devices import empty_cache

_CLASS_NAMES = frozenset({"OutOfMemoryError"})  # torch, without importing it
_PHRASES = ("out of memory", "bad_alloc", "bad allocation", "failed to allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """True for MemoryError, torch's OutOfMemoryError and the native libraries' equivalents.

    CTranslate2 and ONNX Runtime raise a bare RuntimeError (or a subclass that says nothing), so
    their text is all there is to go by.
    """
    if isinstance(error, MemoryError) or type(error).__name__ in _CLASS_NAMES:
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(phrase in text for phrase in _PHRASES)


def give_memory_back() -> None:
    """Collect what cycles keep alive and empty torch's CUDA cache if torch is in use."""
    gc.collect()
    empty_cache()
