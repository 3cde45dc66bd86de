"""Shared weights: built once, kept while held, damaged ones forgotten."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from predictors.runtime.weights.store import WeightStore


def test_many_threads_build_once() -> None:
    store, built, meeting = WeightStore(), [], threading.Barrier(8)

    def take(_: int) -> object:
        meeting.wait()
        return store.holder().share("key", lambda: built.append(1) or object())

    with ThreadPoolExecutor(8) as threads:
        taken = set(threads.map(take, range(8)))
    assert len(taken) == len(built) == 1


def test_failed_build_is_tried_by_the_next() -> None:
    store = WeightStore()

    def fail() -> object:
        raise OSError("truncated")

    with pytest.raises(OSError, match="truncated"):
        store.holder().share("key", fail)
    assert store.holder().share("key", lambda: "good") == "good"


def test_released_by_the_last_holder_only() -> None:
    store = WeightStore()
    first, second = store.holder(), store.holder()
    assert first.share("key", object) is second.share("key", object)
    first.release()
    assert store.keys() == {"key"}
    second.release()
    assert store.keys() == frozenset()


def test_damaged_weights_are_built_anew_while_others_keep_theirs() -> None:
    store = WeightStore()
    first, second = store.holder(), store.holder()
    damaged = first.share("key", object)
    second.share("key", object)
    first.discard()
    assert first.share("key", object) is not damaged
    second.release()
    assert store.keys() == {"key"}
