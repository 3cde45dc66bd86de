"""The toolchains' processes, started once for all files that ask them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from spoiled_models import spoiled_entries
from toolchain_pods import Pods, started


@pytest.fixture(scope="session")
def pods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pods]:
    """Four toolchains and their predictors; beside them, unlisted, predictors of bad weights."""
    folder = tmp_path_factory.mktemp("toolchains")
    with started(folder, spoiled_entries(folder / "spoiled")) as running:
        yield running


@pytest.fixture
async def door(pods: Pods) -> AsyncIterator[httpx.AsyncClient]:
    """The public door before them, which keeps no answers."""
    async with pods.door() as http:
        yield http
