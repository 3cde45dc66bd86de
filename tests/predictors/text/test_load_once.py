"""A dictionary loads once, however many threads ask for it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from predictors.text.load_once import load_once


def test_threads_that_ask_together_share_one_load() -> None:
    loads: list[int] = []

    @load_once
    def slow_dictionary() -> object:
        loads.append(1)
        time.sleep(0.05)
        return object()

    with ThreadPoolExecutor(8) as pool:
        dictionaries = set(pool.map(lambda _: slow_dictionary(), range(8)))

    assert len(loads) == 1
    assert len(dictionaries) == 1


def test_a_failed_load_is_tried_again() -> None:
    answers = iter([OSError("no such file"), "words"])

    @load_once
    def flaky_dictionary() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with pytest.raises(OSError, match="no such file"):
        flaky_dictionary()
    assert flaky_dictionary() == "words"
