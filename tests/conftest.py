"""What holds for every test, and fixtures of several rooms."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from predictors.runtime.telemetry import disable_telemetry

disable_telemetry()  # before a test file imports a model library
settings.register_profile("no deadline", deadline=None)  # a busy machine is no failure
settings.load_profile("no deadline")


@pytest.fixture(scope="module")
def torch_on_one_thread() -> Iterator[None]:
    """Tiny layers lose more to waiting for a second thread than they gain from it."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", autouse=True)
def _what_other_files_left_is_not_searched_for_garbage() -> None:
    """Every unloaded model collects garbage, which takes most of a second with the modules of seven
    thousand tests in the heap."""
    gc.collect()
    gc.freeze()
