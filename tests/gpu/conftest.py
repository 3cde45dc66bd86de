"""Tests of what only a CUDA device can show; skipped, with the reason, where there is none.

pytest -m gpu
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

_HAS_DEVICE = torch.cuda.is_available()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _HAS_DEVICE:
        return
    skipped = pytest.mark.skip(reason="torch finds no CUDA device")
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(skipped)


@pytest.fixture(autouse=True)
def _whole_device() -> Iterator[None]:
    """Nothing that an earlier test has cached counts as this test's memory."""
    torch.cuda.empty_cache()
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
