"""Brings a database to the newest tables. Blocks: call it in a thread."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool

from ingress.voices.connecting import engine_of
from ingress.voices.location import Location

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x766F696365  # "voice"; any number that is nobody else's


def migrate(location: Location, timeout_s: float) -> None:
    """Whoever comes first migrates, others wait. Raises what the database raises, and OSError."""
    if location.path is not None:
        location.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        location.path.touch(mode=0o600)
    asyncio.run(_migrate(location, timeout_s))


async def _migrate(location: Location, timeout_s: float) -> None:
    engine = engine_of(location, timeout_s, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
