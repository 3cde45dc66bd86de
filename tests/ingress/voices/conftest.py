"""A store in each of the two databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from postgres import Postgres, missing, running_postgres

from ingress.voices.database import SqlVoiceStore
from ingress.voices.encryption import RecordCipher
from ingress.voices.location import location_of


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What SPEECH_VOICES_DB says."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kept/voices.sqlite3"
    url: str = request.getfixturevalue("postgres").new_database()
    return url


@pytest.fixture
async def store(database: str) -> AsyncIterator[SqlVoiceStore]:
    location = location_of(database)
    assert location is not None
    opened = SqlVoiceStore(location, RecordCipher([bytes(32)]), timeout_s=5)
    try:
        await opened.prepare()
        yield opened
    finally:
        await opened.aclose()
