"""A server whose models hear loud sound as speech."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from level_client import LevelClient
from realtime_server import realtime_server


@pytest.fixture
def models() -> LevelClient:
    return LevelClient()


@pytest.fixture
async def url(models: LevelClient) -> AsyncIterator[str]:
    async with realtime_server(models) as address:
        yield address
