"""The store of voices in SQLite or PostgreSQL. Imports SQLAlchemy: import this module late."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from contract.errors import Unavailable
from ingress.voices.connecting import engine_of
from ingress.voices.encryption import ENCRYPTED, CannotDecrypt, RecordCipher
from ingress.voices.location import Location
from ingress.voices.migrate import migrate
from ingress.voices.records import (
    AuditEvent,
    Consent,
    ConsentMissing,
    LimitReached,
    Page,
    PageRequest,
    StoredVoice,
)
from ingress.voices.tables import consents, embeddings, events, voices

logger = logging.getLogger(__name__)
R = TypeVar("R", Consent, StoredVoice)
_RETRY_AFTER_S = 1.0
_AWAY = "stored voices cannot be reached now; try again"
_CONSENT = (consents.c.name, consents.c.language, consents.c.id, consents.c.created_at)
_VOICE = (
    *(voices.c.name, voices.c.consent_id, voices.c.language),
    *(voices.c.id, voices.c.created_at),
)
_UPSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
"""Statements of one shape without a common type."""


class SqlVoiceStore:
    """Keeps records durably. What is not the owner's own is not there for them.

    Every use of the database ends within `timeout_s`; every method raises Unavailable when it does
    not answer in time. Events are kept with the change that they tell of, or not at all.
    """

    def __init__(self, location: Location, cipher: RecordCipher, timeout_s: float) -> None:
        self._location, self._cipher, self._timeout_s = location, cipher, timeout_s
        self._engine = engine_of(location, timeout_s)

    async def prepare(self) -> None:
        """Bring the database to the newest tables."""
        with _explained():
            await asyncio.to_thread(migrate, self._location, self._timeout_s)

    async def holds_encrypted(self) -> bool:
        """Whether anything cannot be read without a key."""
        kept = select(consents.c.recording).union_all(select(voices.c.recording)).subquery()
        mark = func.substr(kept.c.recording, 1, 1, type_=LargeBinary)
        return await self._first(select(literal(1)).where(mark == ENCRYPTED).limit(1)) is not None

    async def aclose(self) -> None:
        await self._engine.dispose()

    # Consents -------------------------------------------------------------------------------

    async def add_consent(
        self, consent: Consent, recording: bytes, event: AuditEvent, *, most: int
    ) -> None:
        """Raises LimitReached when the event's owner has `most` already."""
        row = await self._row(consent, recording, event.owner)
        async with self._connection() as connection:
            await _add(connection, consents, row, most)
            await _note(connection, event)

    async def consent(self, owner: str, consent_id: str) -> Consent | None:
        found = await self._first(select(*_CONSENT).where(_own(consents, owner, consent_id)))
        return Consent(*found) if found else None

    async def consents(self, owner: str, page: PageRequest) -> Page[Consent]:
        rows = await self._page(select(*_CONSENT), consents, owner, page)
        return _page([Consent(*row) for row in rows], page)

    async def rename_consent(self, name: str, event: AuditEvent) -> Consent | None:
        own = _own(consents, event.owner, event.subject)
        statement = update(consents).where(own).values(name=name).returning(*_CONSENT)
        async with self._connection() as connection:
            found = (await connection.execute(statement)).first()
            if found is None:
                return None
            await _note(connection, event)
        return Consent(*found)

    async def delete_consent(self, event: AuditEvent) -> tuple[str, ...] | None:
        """The ids of the voices that went with it; None when there is no such consent."""
        own = _own(consents, event.owner, event.subject)
        async with self._connection() as connection:
            # Locked, where there are row locks: no voice is added between the two deletions.
            found = await connection.execute(select(consents.c.id).where(own).with_for_update())
            if found.first() is None:
                return None
            gone = await connection.execute(
                delete(voices).where(voices.c.consent_id == event.subject).returning(voices.c.id)
            )
            ids = tuple(sorted(gone.scalars()))
            await connection.execute(delete(consents).where(own))
            await _note(connection, event, *(event.withdrawing(voice_id) for voice_id in ids))
        return ids

    # Voices ---------------------------------------------------------------------------------

    async def add_voice(
        self, voice: StoredVoice, recording: bytes, event: AuditEvent, *, most: int
    ) -> None:
        """`recording` is a WAV file. Raises LimitReached, ConsentMissing."""
        row = await self._row(voice, recording, event.owner)
        try:
            async with self._connection() as connection:
                await _add(connection, voices, row, most)
                await _note(connection, event)
        except IntegrityError as exc:
            raise ConsentMissing from exc

    async def voice(self, owner: str, voice_id: str) -> StoredVoice | None:
        found = await self._first(select(*_VOICE).where(_own(voices, owner, voice_id)))
        return StoredVoice(*found) if found else None

    async def voices(self, owner: str, page: PageRequest) -> Page[StoredVoice]:
        rows = await self._page(select(*_VOICE), voices, owner, page)
        return _page([StoredVoice(*row) for row in rows], page)

    async def delete_voice(self, event: AuditEvent) -> bool:
        """With its recording and embeddings. False when there is no such voice."""
        own = _own(voices, event.owner, event.subject)
        async with self._connection() as connection:
            if (await connection.execute(delete(voices).where(own))).rowcount == 0:
                return False
            await _note(connection, event)
        return True

    async def recording(self, owner: str, voice_id: str) -> bytes | None:
        found = await self._first(select(voices.c.recording).where(_own(voices, owner, voice_id)))
        return await self._decrypted(found[0], owner, voice_id) if found else None

    # Embeddings -----------------------------------------------------------------------------

    async def embedding(
        self, owner: str, voice_id: str, toolchain: str, model: str
    ) -> bytes | None:
        kept = embeddings.c
        found = await self._first(
            select(kept.data)
            .join(voices)
            .where(_own(voices, owner, voice_id), kept.toolchain == toolchain, kept.model == model)
        )
        return await self._decrypted(found[0], owner, voice_id, toolchain, model) if found else None

    async def keep_embedding(
        self, owner: str, voice_id: str, toolchain: str, model: str, data: bytes
    ) -> bool:
        """In place of what another model of that toolchain made. False when the voice is gone."""
        row = {
            "voice_id": voice_id,
            "toolchain": toolchain,
            "model": model,
            "data": await self._encrypted(data, owner, voice_id, toolchain, model),
        }
        upsert = _UPSERTS[self._engine.dialect.name](embeddings).values(row)
        new = {name: upsert.excluded[name] for name in ("model", "data")}
        upsert = upsert.on_conflict_do_update(index_elements=["voice_id", "toolchain"], set_=new)
        try:
            async with self._connection() as connection:
                await connection.execute(upsert)
        except IntegrityError:
            return False
        return True

    # ----------------------------------------------------------------------------------------

    async def _first(self, statement: Select[Any]) -> Any:
        async with self._connection() as connection:
            return (await connection.execute(statement)).first()

    async def _page(
        self, statement: Select[Any], table: Table, owner: str, page: PageRequest
    ) -> list[Any]:
        """One row more than the page has, where there is one."""
        statement = statement.where(table.c.owner == owner)
        if page.after is not None:
            is_behind = table.c.id > page.after if page.ascending else table.c.id < page.after
            statement = statement.where(is_behind)
        order = table.c.id if page.ascending else table.c.id.desc()
        async with self._connection() as connection:
            found = await connection.execute(statement.order_by(order).limit(page.limit + 1))
            return list(found)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        """One transaction. Raises Unavailable."""
        with _explained():
            async with asyncio.timeout(self._timeout_s), self._engine.begin() as connection:
                yield connection

    async def _row(
        self, record: Consent | StoredVoice, recording: bytes, owner: str
    ) -> dict[str, Any]:
        kept = await self._encrypted(recording, owner, record.id)
        return asdict(record) | {"owner": owner, "recording": kept}

    async def _encrypted(self, data: bytes, *place: str) -> bytes:
        return await asyncio.to_thread(self._cipher.encrypt, data, "/".join(place))

    async def _decrypted(self, data: bytes, *place: str) -> bytes:
        try:
            return await asyncio.to_thread(self._cipher.decrypt, data, "/".join(place))
        except CannotDecrypt as exc:
            logger.error("what is stored of %s cannot be decrypted: %s", place[1], exc)
            raise Unavailable(
                "the recording of this voice cannot be decrypted by this server; ask its operator"
            ) from exc


@contextmanager
def _explained() -> Iterator[None]:
    """Whatever a database that is away, slow or broken raises, as Unavailable; a broken reference
    between rows stays what it is."""
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        # TimeoutError is an OSError.
        logger.warning("the store of voices failed: %s", _reason(exc))
        raise Unavailable(_AWAY, retry_after_s=_RETRY_AFTER_S) from exc


def _reason(exc: Exception) -> str:
    """For the log: what SQLite or the system says. Other texts may hold a statement's parameters,
    and only their type is given."""
    cause = getattr(exc, "orig", None) or exc
    name = type(cause).__name__
    is_harmless = isinstance(cause, sqlite3.Error | OSError) and str(cause)
    return f"{name}: {cause}" if is_harmless else name


def _own(table: Table, owner: str, record_id: str) -> ColumnElement[bool]:
    return and_(table.c.owner == owner, table.c.id == record_id)


async def _add(connection: AsyncConnection, table: Table, row: dict[str, Any], most: int) -> None:
    """Insert unless the owner has `most` rows. SQLite has one writer; PostgreSQL gets a lock."""
    owner = row["owner"]
    if connection.dialect.name == "postgresql":
        key = func.hashtextextended(f"{table.name}/{owner}", 0)
        await connection.execute(select(func.pg_advisory_xact_lock(key)))
    values = [literal(value, table.c[name].type) for name, value in row.items()]
    own = select(func.count()).select_from(table).where(table.c.owner == owner).scalar_subquery()
    added = await connection.execute(
        insert(table).from_select(list(row), select(*values).where(own < most))
    )
    if added.rowcount == 0:
        raise LimitReached


async def _note(connection: AsyncConnection, *noted: AuditEvent) -> None:
    rows = [asdict(event) | {"action": event.action.value} for event in noted]
    await connection.execute(insert(events), rows)


def _page(found: list[R], page: PageRequest) -> Page[R]:
    return Page(tuple(found[: page.limit]), has_more=len(found) > page.limit)
