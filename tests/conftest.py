"""What holds for every test, and fixtures of several rooms."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

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
