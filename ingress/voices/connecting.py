"""Engines for the two databases."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ingress.voices.location import Location

_CONNECTIONS = 4
_PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # freed pages are overwritten: what is deleted is gone
    "PRAGMA journal_mode=DELETE",  # no log keeps old pages; works on network volumes
    "PRAGMA synchronous=FULL",
)


def engine_of(location: Location, timeout_s: float, **pool: Any) -> AsyncEngine:
    """Connects when it is first used. `pool` replaces the pool's arguments."""
    pool = pool or {
        "pool_size": _CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": timeout_s,
        "pool_pre_ping": location.path is None,  # a database may have been failed over
    }
    return (
        _sqlite(location, timeout_s, pool)
        if location.path
        else _postgres(location, timeout_s, pool)
    )


def _close(connecting: asyncio.Future[Any]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().terminate()


def _sqlite(location: Location, timeout_s: float, pool: dict[str, Any]) -> AsyncEngine:
    url = URL.create("sqlite+aiosqlite", database=str(location.path))
    engine = create_async_engine(url, connect_args={"timeout": timeout_s}, **pool)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    return engine


def _postgres(location: Location, timeout_s: float, pool: dict[str, Any]) -> AsyncEngine:
    """asyncpg reads the URL itself, with all that libpq's URLs can say (sslmode, several hosts)."""

    async def connect() -> Any:
        connecting = asyncio.ensure_future(
            asyncpg.connect(
                dsn=location.url,
                timeout=timeout_s,
                command_timeout=timeout_s,
                server_settings={"application_name": "harmony-speech"},
            )
        )
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # Cancelled half-way, asyncpg leaves an exception that nobody retrieves.
            connecting.add_done_callback(_close)
            raise

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, **pool)
