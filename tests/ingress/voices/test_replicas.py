"""Several ingresses before one database, and a database that fails while they serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
from fake_client import FakeClient
from fastapi import FastAPI
from postgres import Postgres, missing, running_postgres
from voice_clients import connect, new_voice, serving, upload

from contract.tasks import EmbedSpeakerInput, SpeakInput

SPOKEN = "Good morning."


@pytest.fixture
def models() -> FakeClient:
    return FakeClient()


@pytest.fixture
async def replicas(
    models: FakeClient, postgres: Postgres, tmp_path: Path
) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    database = {"voices_db": postgres.new_database(), "voices_db_timeout_s": 3}
    async with (
        serving(models, tmp_path, **database) as one,
        serving(models, tmp_path, **database) as other,
    ):
        yield one, other


async def speak(app: FastAPI, voice_id: str) -> None:
    async with connect(app) as client:
        await client.audio.speech.create(
            model="openvoice_v2", voice={"id": voice_id}, input=SPOKEN, response_format="pcm"
        )


async def test_what_one_stores_all_speak_and_what_one_deletes_none(
    replicas: tuple[FastAPI, FastAPI], models: FakeClient
) -> None:
    one, other = replicas
    consent_id, voice_id = await new_voice(connect(one))
    await speak(one, voice_id)
    await speak(other, voice_id)
    assert [type(request) for request in models.requests] == [
        *(EmbedSpeakerInput, SpeakInput, SpeakInput)
    ]
    await connect(other).audio.voice_consents.delete(consent_id)
    with pytest.raises(openai.NotFoundError):
        await speak(one, voice_id)


async def test_both_may_come_first(replicas: tuple[FastAPI, FastAPI]) -> None:
    made = await asyncio.gather(*(new_voice(connect(app)) for app in replicas for _ in range(3)))
    listed = [one.id async for one in connect(replicas[0]).audio.voice_consents.list()]
    assert sorted(listed) == sorted(consent_id for consent_id, _ in made)


async def test_many_at_once_have_the_voice_embedded_once(
    replicas: tuple[FastAPI, FastAPI], models: FakeClient
) -> None:
    _, voice_id = await new_voice(connect(replicas[0]))
    models.delay_s = 0.05
    await asyncio.gather(*(speak(replicas[0], voice_id) for _ in range(16)))
    kinds = [type(request) for request in models.requests]
    assert (kinds.count(EmbedSpeakerInput), kinds.count(SpeakInput)) == (1, 16)


async def test_who_leaves_while_it_is_embedded_does_not_stop_the_others(
    replicas: tuple[FastAPI, FastAPI], models: FakeClient
) -> None:
    _, voice_id = await new_voice(connect(replicas[0]))
    models.gate = asyncio.Event()
    first = asyncio.create_task(speak(replicas[0], voice_id))
    await models.until_called(1)
    second = asyncio.create_task(speak(replicas[0], voice_id))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    models.gate.set()
    await second
    assert isinstance(models.requests[-1], SpeakInput)


async def test_a_database_that_fails_and_comes_back(models: FakeClient, tmp_path: Path) -> None:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with running_postgres() as postgres:
        database = {"voices_db": postgres.new_database(), "voices_db_timeout_s": 2}
        async with serving(models, tmp_path, **database) as app, connect(app) as ann:
            _, voice_id = await new_voice(ann)
            await speak(app, voice_id)
            await asyncio.to_thread(postgres.stop)
            for attempt in (
                speak(app, voice_id),
                ann.audio.voices.delete(voice_id),
                ann.audio.voice_consents.create(name="A", language="en", recording=upload()),
            ):
                with pytest.raises(openai.InternalServerError) as caught:
                    await attempt
                assert caught.value.status_code == 503
                assert "try again" in caught.value.message
            plain = await ann.audio.speech.create(model="piper", voice="joe", input=SPOKEN)
            assert plain.content
            await asyncio.to_thread(postgres.start)
            await speak(app, voice_id)
