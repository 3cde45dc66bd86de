"""Stored voices and consents through OpenAI's own client."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from fake_client import FakeClient
from fastapi import FastAPI
from ingress_app import CONFIG, browser, heard, wav_base64
from voice_clients import ANN, BOB, connect, new_voice, recording, serving, upload

from contract.embedding import Embedding
from contract.tasks import EmbedSpeakerInput, SpeakInput, SynthesizeInput
from ingress.voices.records import new_consent_id, new_voice_id

SPOKEN = "Good morning."


@pytest.fixture
async def app(models: FakeClient, tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with serving(models, tmp_path) as served:
        yield served


@pytest.fixture
async def ann(app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with connect(app, ANN) as client:
        yield client


@pytest.fixture
async def bob(app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with connect(app, BOB) as client:
        yield client


@pytest.fixture
async def raw(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app, headers={"authorization": f"Bearer {ANN}"}) as client:
        yield client


async def speak(client: openai.AsyncOpenAI, voice_id: str, **asked: Any) -> bytes:
    asked = {"model": "openvoice_v2", "input": SPOKEN, "response_format": "wav"} | asked
    answer = await client.audio.speech.create(voice={"id": voice_id}, **asked)
    return answer.content


# The way through ----------------------------------------------------------------------------


async def test_from_consent_to_speech(ann: openai.AsyncOpenAI, models: FakeClient) -> None:
    consent = await ann.audio.voice_consents.create(
        name="Ann Example", language="en-us", recording=upload()
    )
    assert (consent.object, consent.language) == ("audio.voice_consent", "en-US")
    voice = await ann.audio.voices.create(
        name="Ann", consent=consent.id, audio_sample=upload(), type="audio_sample"
    )
    assert (voice.object, voice.type, voice.name) == ("audio.voice", "audio_sample", "Ann")
    assert heard(await speak(ann, voice.id)).duration_s > 0.5
    embedded, spoken = models.requests
    assert isinstance(embedded, EmbedSpeakerInput)
    assert embedded.audio.duration_s == pytest.approx(4, abs=0.01)
    assert isinstance(spoken, SpeakInput)
    assert isinstance(spoken.embedding, Embedding)
    assert (spoken.mode, spoken.language, spoken.text) == ("voice_cloning", "EN", SPOKEN)


async def test_a_store_that_cannot_be_written_speaks_on(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path) as app, connect(app) as ann:
        _, voice = await new_voice(ann)
        with closing(sqlite3.connect(tmp_path / "voices.sqlite3")) as database:
            database.execute("ALTER TABLE voice_embeddings RENAME TO written")
            database.execute("CREATE VIEW voice_embeddings AS SELECT * FROM written")
        for _ in range(2):
            assert heard(await speak(ann, voice)).duration_s > 0.5
    assert [type(one) for one in models.requests].count(EmbedSpeakerInput) == 2


async def test_the_id_alone_is_a_voice_too(raw: httpx.AsyncClient, ann: openai.AsyncOpenAI) -> None:
    _, voice_id = await new_voice(ann)
    body = {"model": "openvoice_v2", "input": SPOKEN, "voice": voice_id}
    assert (await raw.post("/v1/audio/speech", json=body)).status_code == 200


async def test_a_voice_is_embedded_once_for_each_toolchain(
    ann: openai.AsyncOpenAI, models: FakeClient
) -> None:
    _, voice_id = await new_voice(ann)
    for toolchain in ("openvoice_v2", "openvoice_v1", "openvoice_v2", "openvoice_v1"):
        await speak(ann, voice_id, model=toolchain)
    embedded = [m for m, request, _ in models.calls if isinstance(request, EmbedSpeakerInput)]
    assert embedded == ["openvoice_v2", "openvoice_v1"]


async def test_it_is_embedded_again_by_another_model(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path) as app, connect(app) as ann:
        _, voice_id = await new_voice(ann)
        await speak(ann, voice_id)
    entry = "{name: ov2-tone-converter-encoder, model: x,"
    changed = CONFIG.replace(entry, entry.replace("model: x", "model: y"))
    assert changed != CONFIG
    for config, times in ((CONFIG, 1), (changed, 2)):
        async with serving(models, tmp_path, config=config) as app, connect(app) as ann:
            await speak(ann, voice_id)
        kinds = [type(request) for request in models.requests]
        assert kinds.count(EmbedSpeakerInput) == times


@pytest.mark.parametrize("model", ["tts-1", "gpt-4o-mini-tts", "tts-1-hd-1106"])
async def test_openai_s_model_names_find_a_toolchain_that_clones(
    ann: openai.AsyncOpenAI, models: FakeClient, model: str
) -> None:
    _, voice_id = await new_voice(ann)
    await speak(ann, voice_id, model=model)
    assert models.models[-1] == "harmonyspeech"  # the first of the configuration


async def test_the_operator_chooses_that_toolchain(models: FakeClient, tmp_path: Path) -> None:
    settings = {"default_cloning_model": "openvoice_v1"}
    async with serving(models, tmp_path, **settings) as app, connect(app) as ann:
        _, voice_id = await new_voice(ann)
        await speak(ann, voice_id, model="tts-1")
    assert models.models[-1] == "openvoice_v1"


async def test_it_speaks_the_language_of_its_consent(
    ann: openai.AsyncOpenAI, models: FakeClient
) -> None:
    consent = await ann.audio.voice_consents.create(name="A", language="fr-CA", recording=upload())
    voice = await ann.audio.voices.create(name="A", consent=consent.id, audio_sample=upload())
    await speak(ann, voice.id)
    assert models.requests[-1].language == "FR"
    await speak(ann, voice.id, extra_body={"language": "en"})
    assert models.requests[-1].language == "EN"


async def test_nothing_of_it_may_be_cached(ann: openai.AsyncOpenAI, models: FakeClient) -> None:
    _, voice_id = await new_voice(ann)
    await speak(ann, voice_id)
    assert all(context.is_private for _, _, context in models.calls)
    await ann.audio.speech.create(model="piper", voice="joe", input=SPOKEN)
    assert not models.calls[-1][2].is_private


async def test_compressed_recordings_are_taken(ann: openai.AsyncOpenAI, models: FakeClient) -> None:
    clip = Path(__file__).parents[2] / "data" / "jfk.flac"
    sample = ("jfk.flac", clip.read_bytes(), "audio/flac")
    consent = await ann.audio.voice_consents.create(name="J", language="en", recording=sample)
    voice = await ann.audio.voices.create(name="J", consent=consent.id, audio_sample=sample)
    await speak(ann, voice.id)
    assert models.requests[0].audio.duration_s == pytest.approx(11, abs=0.1)


# Consents -----------------------------------------------------------------------------------


async def test_consents_are_found_renamed_and_deleted(ann: openai.AsyncOpenAI) -> None:
    made = await ann.audio.voice_consents.create(name="One", language="de", recording=upload())
    assert await ann.audio.voice_consents.retrieve(made.id) == made
    renamed = await ann.audio.voice_consents.update(made.id, name="Two")
    assert renamed == made.model_copy(update={"name": "Two"})
    gone = await ann.audio.voice_consents.delete(made.id)
    assert (gone.id, gone.deleted, gone.object) == (made.id, True, "audio.voice_consent")
    with pytest.raises(openai.NotFoundError):
        await ann.audio.voice_consents.retrieve(made.id)


async def test_all_pages_are_walked_even_while_they_are_deleted(ann: openai.AsyncOpenAI) -> None:
    made = {
        (await ann.audio.voice_consents.create(name=f"{n}", language="en", recording=upload())).id
        for n in range(5)
    }
    seen = [one.id async for one in ann.audio.voice_consents.list(limit=2)]
    assert set(seen) == made
    assert seen == sorted(made, reverse=True)
    async for one in ann.audio.voice_consents.list(limit=2):
        await ann.audio.voice_consents.delete(one.id)
    assert [one async for one in ann.audio.voice_consents.list()] == []


async def test_a_withdrawn_consent_silences_its_voices(ann: openai.AsyncOpenAI) -> None:
    consent_id, voice_id = await new_voice(ann)
    await speak(ann, voice_id)
    await ann.audio.voice_consents.delete(consent_id)
    with pytest.raises(openai.NotFoundError, match="consent was deleted") as caught:
        await speak(ann, voice_id)
    assert caught.value.param == "voice"
    with pytest.raises(openai.NotFoundError) as caught:
        await ann.audio.voices.create(name="A", consent=consent_id, audio_sample=upload())
    assert caught.value.param == "consent"


# Voices -------------------------------------------------------------------------------------


async def test_a_deleted_voice_is_gone_for_speech_and_lists(
    ann: openai.AsyncOpenAI, raw: httpx.AsyncClient
) -> None:
    consent_id, voice_id = await new_voice(ann)
    await speak(ann, voice_id)
    gone = await ann.audio.voices.delete(voice_id)
    assert (gone.id, gone.deleted, gone.object) == (voice_id, True, "audio.voice.deleted")
    with pytest.raises(openai.NotFoundError):
        await speak(ann, voice_id)
    with pytest.raises(openai.NotFoundError):
        await ann.audio.voices.delete(voice_id)
    assert (await raw.get(f"/v1/audio/voices/{voice_id}")).status_code == 404
    assert voice_id not in (await raw.get("/v1/audio/voices")).text
    assert await ann.audio.voice_consents.retrieve(consent_id)


async def test_voices_are_listed_beside_the_models_own(
    ann: openai.AsyncOpenAI, raw: httpx.AsyncClient
) -> None:
    _, voice_id = await new_voice(ann, "Ännchen 🎙️")
    body = (await raw.get("/v1/audio/voices", params={"limit": 1})).json()
    assert {"id": voice_id, "name": "Ännchen 🎙️"} in body["voices"]
    assert {"id": "joe", "name": "joe"} in body["voices"]
    assert [one["id"] for one in body["data"]] == [voice_id]
    assert (body["object"], body["has_more"], body["first_id"]) == ("list", False, voice_id)
    legacy = (await raw.get("/v1/audio/voices", params={"legacy": True})).json()
    assert voice_id in legacy["voices"]
    one = (await raw.get(f"/v1/audio/voices/{voice_id}")).json()
    assert one == body["data"][0]


async def test_another_s_voices_are_as_unknown_as_any(
    ann: openai.AsyncOpenAI, bob: openai.AsyncOpenAI, app: FastAPI, models: FakeClient
) -> None:
    consent_id, voice_id = await new_voice(ann)
    never = voice_id[:-4] + "0000"
    assert messages_of(await refusal(speak(bob, voice_id)), voice_id) == messages_of(
        await refusal(speak(bob, never)), never
    )
    for attempt in (
        bob.audio.voices.delete(voice_id),
        bob.audio.voice_consents.retrieve(consent_id),
        bob.audio.voice_consents.update(consent_id, name="Bob's"),
        bob.audio.voice_consents.delete(consent_id),
        bob.audio.voices.create(name="B", consent=consent_id, audio_sample=upload()),
    ):
        assert (await refusal(attempt)).status_code == 404
    assert [one async for one in bob.audio.voice_consents.list()] == []
    async with browser(app, headers={"authorization": f"Bearer {BOB}"}) as http:
        assert (await http.get("/v1/audio/voices")).json()["data"] == []
    assert models.calls == []
    assert await speak(ann, voice_id)


def messages_of(error: openai.APIStatusError, voice_id: str) -> tuple[int, str | None, str]:
    return error.status_code, error.param, str(error.message).replace(voice_id, "ID")


async def refusal(attempt: Any) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        await attempt
    return caught.value


async def test_without_keys_there_is_one_owner(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path, api_keys="") as app:
        _, voice_id = await new_voice(connect(app, "one"))
        assert await speak(connect(app, "another"), voice_id)


async def test_voices_outlive_the_server(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path) as app:
        _, voice_id = await new_voice(connect(app))
    async with serving(models, tmp_path) as app:
        assert await speak(connect(app), voice_id)


async def test_who_did_what_is_logged_without_names(
    ann: openai.AsyncOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ingress.audit"):
        consent_id, voice_id = await new_voice(ann, "A secret name")
        await speak(ann, voice_id)
        await ann.audio.voice_consents.delete(consent_id)
    lines = [record.fields for record in caplog.records if record.name == "ingress.audit"]  # type: ignore[attr-defined]
    assert [(line["action"], line["subject"]) for line in lines] == [
        ("consent.created", consent_id),
        ("voice.created", voice_id),
        ("voice.used", voice_id),
        ("consent.deleted", consent_id),
        ("voice.deleted", voice_id),
    ]
    assert {line["owner"] for line in lines} == {lines[0]["owner"]}
    assert lines[0]["owner"].startswith("key-")
    assert all(line["at"] and line["request_id"] for line in lines)
    assert len(lines[0]["sha256"]) == 64
    assert "A secret name" not in caplog.text
    assert ANN not in caplog.text


# Refusals -----------------------------------------------------------------------------------

SHORT, LONG = recording(1.0), recording(61.0, rate=8_000)
SILENT = recording(level=0.0)


@pytest.mark.parametrize(
    ("data", "kind", "status", "words"),
    [
        (SHORT, "audio/wav", 400, "lasts 1.0 s; send at least 2 s"),
        (LONG, "audio/wav", 413, "longer than 60 seconds"),
        (SILENT, "audio/wav", 400, "silent"),
        (b"no sound at all", "audio/wav", 400, "no audio file"),
        (b"", "audio/wav", 400, "empty"),
        (recording(), "image/png", 400, "type 'image/png'; upload a recording as mp3"),
        (recording(), "text/html; charset=utf-8", 400, "type 'text/html'"),
        (b"RIFF" + bytes(10 * 1024 * 1024), "audio/wav", 413, "the most is 10485760"),
    ],
)
async def test_recordings_that_cannot_be_used(
    ann: openai.AsyncOpenAI, data: bytes, kind: str, status: int, words: str
) -> None:
    sample = upload(data, kind)
    error = await refusal(
        ann.audio.voice_consents.create(name="A", language="en", recording=sample)
    )
    assert (error.status_code, error.param) == (status, "recording")
    assert words in error.message
    consent = await ann.audio.voice_consents.create(name="A", language="en", recording=upload())
    error = await refusal(
        ann.audio.voices.create(name="A", consent=consent.id, audio_sample=sample)
    )
    assert (error.status_code, error.param) == (status, "audio_sample")
    assert words in error.message


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "audio/x-wav", "video/webm"])
async def test_types_that_say_little_are_listened_to(ann: openai.AsyncOpenAI, kind: str) -> None:
    sample = ("blob", recording(), kind)
    assert await ann.audio.voice_consents.create(name="A", language="en", recording=sample)


FIELDS = {"name": "A", "language": "en-US"}


@pytest.mark.parametrize(
    ("changed", "param", "words"),
    [
        ({"name": None}, "name", "required"),
        ({"name": "   "}, "name", "control characters"),
        ({"name": "a\x00b"}, "name", "control characters"),
        ({"name": "n" * 257}, "name", "256"),
        ({"language": None}, "language", "required"),
        ({"language": "no language at all"}, "language", "BCP 47"),
        ({"language": "e" * 9000}, "language", "BCP 47"),
    ],
)
async def test_consents_that_cannot_be_stored(
    raw: httpx.AsyncClient, changed: dict[str, Any], param: str, words: str
) -> None:
    fields = {key: value for key, value in (FIELDS | changed).items() if value is not None}
    answer = await raw.post("/v1/audio/voice_consents", data=fields, files={"recording": upload()})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"name": 5}',
        b'{"name": null}',
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"name": ["A"]}',
        b'{"name": "' + b"n" * 257 + b'"}',
    ],
)
async def test_names_that_cannot_be_given(
    ann: openai.AsyncOpenAI, raw: httpx.AsyncClient, body: bytes
) -> None:
    made = await ann.audio.voice_consents.create(name="One", language="de", recording=upload())
    path = f"/v1/audio/voice_consents/{made.id}"
    answer = await raw.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "name")
    assert await ann.audio.voice_consents.retrieve(made.id) == made


@pytest.mark.parametrize("path", ["/v1/audio/voice_consents", "/v1/audio/voices"])
async def test_strangers_are_kept_out(app: FastAPI, path: str) -> None:
    async with browser(app) as http:
        answers = [
            await http.get(path),
            await http.post(path),
            await http.get(f"{path}/cons_1"),
            await http.delete(f"{path}/cons_1"),
        ]
    assert [answer.status_code for answer in answers] == [401] * 4


async def test_a_voice_needs_a_consent(ann: openai.AsyncOpenAI, raw: httpx.AsyncClient) -> None:
    path, files = "/v1/audio/voices", {"audio_sample": upload()}
    answer = await raw.post(path, data={"name": "A"}, files=files)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "consent")
    for unknown in ("cons_1234", "voice_1", "'; DROP TABLE voice_consents; --", "cons_" + "0" * 32):
        answer = await raw.post(path, data={"name": "A", "consent": unknown}, files=files)
        assert (answer.status_code, answer.json()["error"]["param"]) == (404, "consent")
        assert "voice_consents" in answer.json()["error"]["message"]


async def test_uploads_in_the_wrong_place(raw: httpx.AsyncClient) -> None:
    for files in ({}, {"file": upload()}):
        answer = await raw.post("/v1/audio/voice_consents", data=FIELDS, files=files or None)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "recording"
    answer = await raw.post("/v1/audio/voice_consents", json=FIELDS)
    assert answer.status_code == 400
    assert "multipart/form-data" in answer.json()["error"]["message"]


async def test_voices_from_a_description_are_refused_by_name(ann: openai.AsyncOpenAI) -> None:
    error = await refusal(
        ann.audio.voices.create(name="A", prompt="a warm, low voice", type="prompt")
    )
    assert error.status_code == 400
    assert "description" in error.message


@pytest.mark.parametrize("path", ["/v1/audio/voice_consents", "/v1/audio/voices"])
@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"order": "sideways"}, "order"),
        ({"after": "nothing"}, "after"),
        ({"after": "of the other list"}, "after"),
    ],
)
async def test_pages_that_cannot_be_given(
    raw: httpx.AsyncClient, path: str, asked: dict[str, Any], param: str
) -> None:
    if asked == {"after": "of the other list"}:
        asked = {"after": new_voice_id() if "consents" in path else new_consent_id()}
    answer = await raw.get(path, params=asked)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("asked", ["limit=&after=&order=", "limit=null&after=None&order=DESC"])
async def test_pages_may_be_asked_for_as_serialisers_do(
    raw: httpx.AsyncClient, ann: openai.AsyncOpenAI, asked: str
) -> None:
    made = [
        (await ann.audio.voice_consents.create(name=name, language="en", recording=upload())).id
        for name in "AB"
    ]
    answer = await raw.get(f"/v1/audio/voice_consents?{asked}")
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["data"]] == made[::-1]
    assert (await raw.get(f"/v1/audio/voices?{asked}")).status_code == 200


async def test_a_model_with_its_own_voices_only_is_refused(ann: openai.AsyncOpenAI) -> None:
    _, voice_id = await new_voice(ann)
    error = await refusal(speak(ann, voice_id, model="piper"))
    assert (error.status_code, error.param) == (400, "model")
    assert "openvoice_v2" in error.message
    assert (await refusal(speak(ann, voice_id, model="nobody"))).status_code == 404


async def test_nobody_fills_the_store(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path, max_voices=2) as app, connect(app) as ann:
        consent_id, _ = await new_voice(ann)
        await ann.audio.voices.create(name="2", consent=consent_id, audio_sample=upload())
        error = await refusal(
            ann.audio.voices.create(name="3", consent=consent_id, audio_sample=upload())
        )
        assert error.status_code == 400
        assert "you have 2 voices" in error.message
        assert await new_voice(connect(app, BOB))


# Turned off ---------------------------------------------------------------------------------


async def test_cloning_can_be_turned_off(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path) as app:
        consent_id, voice_id = await new_voice(connect(app))
    async with serving(models, tmp_path, cloning="off") as app, connect(app) as ann:
        for attempt in (
            speak(ann, voice_id),
            ann.audio.voices.create(name="A", consent=consent_id, audio_sample=upload()),
            ann.audio.voice_consents.create(name="A", language="en", recording=upload()),
        ):
            error = await refusal(attempt)
            assert (error.status_code, error.code) == (403, "cloning_forbidden")
        assert models.calls == []
        assert await ann.audio.voices.delete(voice_id)
        assert await ann.audio.voice_consents.delete(consent_id)


@pytest.mark.parametrize("cloning", ["consent", "off"])
async def test_recordings_in_requests_are_not_cloned_without_consent(
    models: FakeClient, tmp_path: Path, cloning: str
) -> None:
    asked = {"model": "openvoice_v2", "input": SPOKEN, "mode": "voice_cloning"}
    given = asked | {"language": "EN", "voice": "EN-Newest", "input_audio": wav_base64()}
    target = {
        "model": "openvoice_v2",
        "source_audio": wav_base64(),
        "target_audio": wav_base64(),
    }
    keys = {"authorization": f"Bearer {ANN}"}
    async with serving(models, tmp_path, cloning=cloning) as app:
        async with browser(app, headers=keys) as http:
            for path, body in (("/v1/audio/speech", given), ("/v1/voice/convert", target)):
                assert (await http.post(path, json=body)).status_code == 403
        assert models.calls == []
        plain = await connect(app).audio.speech.create(model="piper", voice="joe", input=SPOKEN)
        assert plain.content
        if cloning == "consent":
            _, voice_id = await new_voice(connect(app))
            assert await speak(connect(app), voice_id)
    assert any(isinstance(one, SynthesizeInput) for one in models.requests)


async def test_a_server_without_a_store_says_so(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path, voices_db="none") as app, connect(app) as ann:
        error = await refusal(new_voice(ann))
        assert error.status_code == 400
        assert "SPEECH_VOICES_DB" in error.message
        assert [one async for one in ann.audio.voice_consents.list()] == []


async def test_a_store_that_cannot_be_opened_is_503(models: FakeClient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    database = f"sqlite:///{tmp_path}/file/voices.sqlite3"
    async with serving(models, tmp_path, voices_db=database) as app, connect(app) as ann:
        error = await refusal(new_voice(ann))
        assert error.status_code == 503
        assert error.response.headers["retry-after"]
        assert str(tmp_path) not in error.message


async def test_to_look_makes_no_file(models: FakeClient, tmp_path: Path) -> None:
    async with serving(models, tmp_path) as app, connect(app) as ann:
        assert [one async for one in ann.audio.voice_consents.list()] == []
        assert (await refusal(speak(ann, "voice_" + "0" * 32))).status_code == 404
    assert names_in(tmp_path) == []


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())
