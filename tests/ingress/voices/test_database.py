"""The store in SQLite and in PostgreSQL: owners apart, limits exact, deletions whole."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, select, text

from contract.errors import Unavailable
from ingress.voices.connecting import engine_of
from ingress.voices.database import SqlVoiceStore
from ingress.voices.encryption import RecordCipher
from ingress.voices.location import location_of
from ingress.voices.migrate import migrate
from ingress.voices.records import (
    Action,
    AuditEvent,
    Consent,
    ConsentMissing,
    LimitReached,
    PageRequest,
    StoredVoice,
)
from ingress.voices.tables import events, metadata

ANN, BOB = "key-ann", "key-bob"
RECORDING = b"RIFF the sound of one person speaking " * 1000


def event_of(
    action: Action, subject: str, owner: str = ANN, consent: str | None = None
) -> AuditEvent:
    return AuditEvent(owner, action, subject, "request-1", consent, "digest")


async def add_consent(store: SqlVoiceStore, owner: str = ANN, most: int = 100) -> Consent:
    consent = Consent("Ann", "en-US")
    event = event_of(Action.CONSENT_CREATED, consent.id, owner)
    await store.add_consent(consent, RECORDING, event, most=most)
    return consent


async def add_voice(
    store: SqlVoiceStore, consent: Consent, owner: str = ANN, most: int = 100
) -> StoredVoice:
    voice = StoredVoice("Ann's voice", consent.id, consent.language)
    event = event_of(Action.VOICE_CREATED, voice.id, owner, consent.id)
    await store.add_voice(voice, RECORDING, event, most=most)
    return voice


async def test_what_is_stored_comes_back(store: SqlVoiceStore) -> None:
    consent = await add_consent(store)
    voice = await add_voice(store, consent)
    assert await store.consent(ANN, consent.id) == consent
    assert await store.voice(ANN, voice.id) == voice
    assert await store.recording(ANN, voice.id) == RECORDING


async def test_it_is_there_for_the_next_process(database: str, store: SqlVoiceStore) -> None:
    voice = await add_voice(store, await add_consent(store))
    location = location_of(database)
    assert location is not None
    other = SqlVoiceStore(location, RecordCipher([bytes(32)]), timeout_s=5)
    await other.prepare()
    assert await other.recording(ANN, voice.id) == RECORDING
    await other.aclose()


async def test_another_owner_finds_nothing(store: SqlVoiceStore) -> None:
    consent = await add_consent(store)
    voice = await add_voice(store, consent)
    assert await store.keep_embedding(ANN, voice.id, "openvoice_v2", "model", b"numbers")
    page = PageRequest(100)
    assert await store.consent(BOB, consent.id) is None
    assert await store.voice(BOB, voice.id) is None
    assert await store.recording(BOB, voice.id) is None
    assert await store.embedding(BOB, voice.id, "openvoice_v2", "model") is None
    assert (await store.consents(BOB, page)).records == ()
    assert (await store.voices(BOB, page)).records == ()
    assert (
        await store.rename_consent("Bob", event_of(Action.CONSENT_RENAMED, consent.id, BOB)) is None
    )
    assert not await store.delete_voice(event_of(Action.VOICE_DELETED, voice.id, BOB))
    assert await store.delete_consent(event_of(Action.CONSENT_DELETED, consent.id, BOB)) is None
    assert await store.voice(ANN, voice.id) == voice
    assert await store.consent(ANN, consent.id) == consent


async def test_pages_follow_each_other_and_survive_deletions(store: SqlVoiceStore) -> None:
    made = []
    for _ in range(5):
        made.append(await add_consent(store))
        await asyncio.sleep(0.002)  # ids sort by milliseconds
    ids = [one.id for one in made]
    first = await store.consents(ANN, PageRequest(2))
    assert ([one.id for one in first.records], first.has_more) == ([ids[4], ids[3]], True)
    await store.delete_consent(event_of(Action.CONSENT_DELETED, ids[3]))
    rest = await store.consents(ANN, PageRequest(3, after=ids[3]))
    assert ([one.id for one in rest.records], rest.has_more) == (ids[2::-1], False)
    oldest = await store.consents(ANN, PageRequest(1, after=ids[0], ascending=True))
    assert ([one.id for one in oldest.records], oldest.has_more) == ([ids[1]], True)


async def test_the_limit_is_exact_however_many_come_at_once(store: SqlVoiceStore) -> None:
    consent = await add_consent(store)
    results = await asyncio.gather(
        *(add_voice(store, consent, most=3) for _ in range(12)), return_exceptions=True
    )
    assert sum(isinstance(one, StoredVoice) for one in results) == 3
    assert sum(isinstance(one, LimitReached) for one in results) == 9
    assert len((await store.voices(ANN, PageRequest(100))).records) == 3
    assert await add_consent(store, BOB, most=1)


async def test_a_voice_needs_its_consent(store: SqlVoiceStore) -> None:
    with pytest.raises(ConsentMissing):
        await add_voice(store, Consent("never stored", "en"))
    assert (await store.voices(ANN, PageRequest(100))).records == ()


async def test_a_consent_that_is_withdrawn_takes_its_voices_along(store: SqlVoiceStore) -> None:
    consent, other = await add_consent(store), await add_consent(store)
    voices = [await add_voice(store, consent), await add_voice(store, consent)]
    kept = await add_voice(store, other)
    await store.keep_embedding(ANN, voices[0].id, "openvoice_v2", "model", b"numbers")
    gone = await store.delete_consent(event_of(Action.CONSENT_DELETED, consent.id))
    assert set(gone or ()) == {one.id for one in voices}
    assert [one.id for one in (await store.voices(ANN, PageRequest(100))).records] == [kept.id]
    assert await store.embedding(ANN, voices[0].id, "openvoice_v2", "model") is None


async def test_embeddings_are_kept_by_toolchain_and_model(store: SqlVoiceStore) -> None:
    voice = await add_voice(store, await add_consent(store))
    await store.keep_embedding(ANN, voice.id, "openvoice_v2", "old", b"one")
    await store.keep_embedding(ANN, voice.id, "harmonyspeech", "old", b"two")
    await store.keep_embedding(ANN, voice.id, "openvoice_v2", "new", b"three")
    assert await store.embedding(ANN, voice.id, "openvoice_v2", "new") == b"three"
    assert await store.embedding(ANN, voice.id, "openvoice_v2", "old") is None
    assert await store.embedding(ANN, voice.id, "harmonyspeech", "old") == b"two"


async def test_a_voice_that_was_deleted_meanwhile_keeps_no_embedding(store: SqlVoiceStore) -> None:
    voice = await add_voice(store, await add_consent(store))
    assert await store.delete_voice(event_of(Action.VOICE_DELETED, voice.id))
    assert not await store.keep_embedding(ANN, voice.id, "openvoice_v2", "model", b"numbers")


async def test_every_change_is_in_the_audit(database: str, store: SqlVoiceStore) -> None:
    consent = await add_consent(store)
    await store.rename_consent("New name", event_of(Action.CONSENT_RENAMED, consent.id))
    first, second = await add_voice(store, consent), await add_voice(store, consent)
    await store.delete_voice(event_of(Action.VOICE_DELETED, first.id))
    await store.delete_consent(event_of(Action.CONSENT_DELETED, consent.id))
    rows = await all_rows(database, select(events.c.action, events.c.subject, events.c.owner))
    assert [tuple(row) for row in rows] == [
        ("consent.created", consent.id, ANN),
        ("consent.renamed", consent.id, ANN),
        ("voice.created", first.id, ANN),
        ("voice.created", second.id, ANN),
        ("voice.deleted", first.id, ANN),
        ("consent.deleted", consent.id, ANN),
        ("voice.deleted", second.id, ANN),
    ]


async def all_rows(database: str, statement: object) -> list[object]:
    location = location_of(database)
    assert location is not None
    engine = engine_of(location, 5, poolclass=NullPool)
    async with engine.connect() as connection:
        rows = list(await connection.execute(statement))  # type: ignore[call-overload]
    await engine.dispose()
    return rows


async def test_a_deleted_recording_is_in_no_file(tmp_path: Path) -> None:
    """SQLite overwrites what it frees. Not encrypted, so that its bytes could be found."""
    location = location_of(f"sqlite:///{tmp_path}/voices.sqlite3")
    assert location is not None
    store = SqlVoiceStore(location, RecordCipher([]), timeout_s=5)
    await store.prepare()
    voice = await add_voice(store, await add_consent(store, BOB))
    await store.keep_embedding(ANN, voice.id, "openvoice_v2", "model", b"numbers of a voice")
    assert contains(tmp_path, b"one person speaking", b"numbers of a voice") == 2
    await store.delete_voice(event_of(Action.VOICE_DELETED, voice.id))
    await store.delete_consent(event_of(Action.CONSENT_DELETED, voice.consent_id, BOB))
    assert contains(tmp_path, b"one person speaking", b"numbers of a voice") == 0
    await store.aclose()


def contains(directory: Path, *texts: bytes) -> int:
    data = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
    return sum(text in data for text in texts)


async def test_with_a_key_what_is_on_the_disk_is_encrypted(tmp_path: Path) -> None:
    location = location_of(f"sqlite:///{tmp_path}/voices.sqlite3")
    assert location is not None
    store = SqlVoiceStore(location, RecordCipher([bytes(32)]), timeout_s=5)
    await store.prepare()
    voice = await add_voice(store, await add_consent(store))
    await store.keep_embedding(ANN, voice.id, "openvoice_v2", "model", b"numbers of a voice")
    assert contains(tmp_path, b"one person speaking", b"numbers of a voice") == 0
    await store.aclose()
    keyless = SqlVoiceStore(location, RecordCipher([]), timeout_s=5)
    assert await keyless.voice(ANN, voice.id) == voice
    with pytest.raises(Unavailable):
        await keyless.recording(ANN, voice.id)
    await keyless.aclose()


async def test_the_file_is_the_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "voices.sqlite3"
    location = location_of(f"sqlite:///{path}")
    assert location is not None
    await asyncio.to_thread(migrate, location, 5)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_migrations_lead_to_the_tables_of_the_code(database: str) -> None:
    location = location_of(database)
    assert location is not None
    await asyncio.gather(*(asyncio.to_thread(migrate, location, 5) for _ in range(4)))
    engine = engine_of(location, 5, poolclass=NullPool)
    async with engine.connect() as connection:
        found = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"version_table": "voices_version"}), metadata
            )
        )
    await engine.dispose()
    assert found == []


async def test_a_database_that_is_away_is_reported_in_time() -> None:
    location = location_of("postgresql://nobody@127.0.0.1:1/voices")
    assert location is not None
    store = SqlVoiceStore(location, RecordCipher([]), timeout_s=1)
    with pytest.raises(Unavailable, match="try again"):
        await store.prepare()
    with pytest.raises(Unavailable, match="try again"):
        await store.voice(ANN, "voice")
    await store.aclose()


async def test_a_database_that_is_held_by_another_is_reported_in_time(tmp_path: Path) -> None:
    location = location_of(f"sqlite:///{tmp_path}/voices.sqlite3")
    assert location is not None
    store = SqlVoiceStore(location, RecordCipher([]), timeout_s=0.2)
    await store.prepare()
    engine = engine_of(location, 5, poolclass=NullPool)
    async with engine.connect() as holder:
        await holder.execute(text("BEGIN EXCLUSIVE"))
        with pytest.raises(Unavailable, match="try again"):
            await add_consent(store)
    await engine.dispose()
    assert await _once_it_is_free(store)
    await store.aclose()


async def _once_it_is_free(store: SqlVoiceStore) -> Consent:
    """As a client that tries again."""
    for _ in range(50):
        with suppress(Unavailable):
            return await add_consent(store)
    raise AssertionError("it never came back")


async def test_requests_that_are_cancelled_leave_the_store_working(store: SqlVoiceStore) -> None:
    consent = await add_consent(store)
    for delay_s in (0.0, 0.001, 0.003, 0.006):
        tasks = [asyncio.create_task(add_voice(store, consent)) for _ in range(8)]
        await asyncio.sleep(delay_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await add_voice(store, consent)


async def test_the_log_says_why_the_store_failed_and_nothing_of_what_was_to_be_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "voices.sqlite3"
    path.write_bytes(b"no database " * 1000)
    location = location_of(f"sqlite:///{path}")
    assert location is not None
    store = SqlVoiceStore(location, RecordCipher([]), timeout_s=5)
    with pytest.raises(Unavailable, match="try again"):
        await add_consent(store)
    await store.aclose()
    assert "file is not a database" in caplog.text
    assert "Ann" not in caplog.text
