"""Who may open a session, and how many."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import openai
import pytest
from level_client import LevelClient, counted
from openai.types.realtime import (
    ClientSecretCreateResponse,
    RealtimeTranscriptionSessionCreateResponse,
)
from realtime_server import (
    append,
    eventually,
    open_sessions,
    realtime_server,
    session,
    spoken,
    until,
)
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from contract.errors import Unauthorized
from ingress import client_secrets
from ingress.client_secrets import ClientSecret
from ingress.keys import KeyRing, WrongKey

KEY, OTHER = "sk-test-one", "sk-test-two"
KEYS = {"api_keys": f"{KEY},{OTHER}"}
COMPLETED = "conversation.item.input_audio_transcription.completed"


def address(url: str, query: str = "?intent=transcription") -> str:
    return url.replace("http", "ws", 1) + f"/v1/realtime{query}"


async def refusal(url: str, query: str = "", **options: Any) -> tuple[int, dict[str, Any], Any]:
    """Status, error and headers of an answer instead of a socket."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(address(url, query), **options)
    response = refused.value.response
    return response.status_code, json.loads(response.body or b"{}")["error"], response.headers


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def protocols(key: str) -> list[Subprotocol]:
    return [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{key}")]


async def test_a_key_in_a_header_or_in_a_subprotocol(models: LevelClient) -> None:
    async with realtime_server(models, **KEYS) as url:
        async with session(url, KEY):
            pass
        async with connect(address(url), subprotocols=protocols(KEY)) as socket:
            assert socket.subprotocol == "realtime"
            assert json.loads(await socket.recv())["type"] == "session.created"
        async with connect(address(url), additional_headers={"Api-Key": KEY}) as socket:
            assert socket.subprotocol is None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"additional_headers": bearer("sk-wrong")},
        {"subprotocols": protocols("sk-wrong")},
        {"subprotocols": protocols("ek_forged.signature")},
        {"subprotocols": protocols("ek_")},
        {"additional_headers": bearer("ek_e30.e30")},
    ],
)
async def test_no_socket_without_a_right_key(models: LevelClient, options: Any) -> None:
    async with realtime_server(models, **KEYS) as url:
        status, error, headers = await refusal(url, **options)
    assert (status, error["type"]) == (401, "authentication_error")
    assert headers["www-authenticate"] == "Bearer"
    assert models.calls == models.woken == []


async def test_wrong_keys_are_counted_as_elsewhere(models: LevelClient) -> None:
    async with realtime_server(models, **KEYS, wrong_keys_per_minute=2) as url:
        for _ in range(2):
            assert (await refusal(url, additional_headers=bearer("sk-guess")))[0] == 401
        assert (await refusal(url, additional_headers=bearer("sk-guess")))[0] == 429


async def test_sessions_are_bounded_in_all_and_by_key(models: LevelClient) -> None:
    bounds = {"realtime_sessions": 3, "realtime_sessions_per_caller": 2}
    async with realtime_server(models, **KEYS, **bounds) as url:
        async with session(url, KEY), session(url, KEY):
            status, error, headers = await refusal(url, additional_headers=bearer(KEY))
            assert (status, error["type"]) == (429, "rate_limit_error")
            assert "2 realtime sessions" in error["message"]
            assert int(headers["retry-after"]) >= 1
            async with session(url, OTHER):
                assert (await refusal(url, additional_headers=bearer(OTHER)))[0] == 429
        await eventually(lambda: not open_sessions())
        async with session(url, KEY):
            assert open_sessions() == 1


async def test_no_realtime_where_an_operator_wants_none(models: LevelClient) -> None:
    async with realtime_server(models, realtime_sessions=0) as url:
        assert (await refusal(url))[0] == 404


async def test_an_unknown_model_in_the_address(url: str) -> None:
    status, error, _ = await refusal(url, "?intent=transcription&model=nobody")
    assert (status, error["code"]) == (404, "model_not_found")
    for name in ("n" * 300, "n" * 5000, "gpt-realtime" + "-1" * 30 + "%0A"):
        assert (await refusal(url, f"?model={name}"))[0] == 404
    async with connect(address(url, "?model=other-whisper")) as socket:
        created = json.loads(await socket.recv())["session"]
        assert created["audio"]["input"]["transcription"]["model"] == "other-whisper"
    async with connect(address(url, "?model=gpt-realtime")) as socket:
        await socket.recv()


async def test_a_model_whose_clients_end_turns(url: str) -> None:
    async with connect(address(url, "?model=gpt-realtime-whisper")) as socket:
        created = json.loads(await socket.recv())["session"]
        assert created["audio"]["input"]["turn_detection"] is None


@pytest.mark.parametrize(
    ("origin", "settings", "status"),
    [
        ("https://evil.example", {}, 403),
        ("http://localhost:3000", {}, 101),
        ("https://good.example", {"cors_origins": "https://good.example"}, 101),
        ("http://localhost:3000", {"cors_origins": ""}, 403),
        ("https://any.example", {"api_keys": KEY}, 101),
    ],
)
async def test_pages_of_strangers_open_no_socket(
    models: LevelClient, origin: str, settings: dict[str, str], status: int
) -> None:
    headers = {"Origin": origin} | bearer(KEY)
    async with realtime_server(models, **settings) as url:
        if status == 101:
            async with connect(address(url), additional_headers=headers):
                return
        assert (await refusal(url, additional_headers=headers))[0] == status


async def test_a_refused_socket_is_no_failure_of_the_server(
    models: LevelClient, caplog: pytest.LogCaptureFixture
) -> None:
    async with realtime_server(models, **KEYS) as url:
        assert (await refusal(url, additional_headers=bearer("wrong")))[0] == 401
        async with session(url, KEY):
            pass
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


@pytest.mark.parametrize("path", ["/v1/realtime/", "//v1//realtime", "/v1/realtime?x=1&x=2"])
async def test_the_path_in_any_spelling(url: str, path: str) -> None:
    async with connect(url.replace("http", "ws", 1) + path) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/health", "/v1/nothing", "/"])
async def test_no_socket_elsewhere(url: str, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(url.replace("http", "ws", 1) + path)
    response = refused.value.response
    assert response.status_code == 404
    assert "/v1/realtime" in json.loads(response.body)["error"]["message"]


async def test_a_request_that_lost_its_upgrade_is_told_so(url: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/v1/realtime?intent=transcription")
    assert (answer.status_code, answer.json()["error"]["code"]) == (426, "upgrade_required")
    assert answer.headers["upgrade"] == "websocket"


# Client secrets -------------------------------------------------------------------------------


async def test_a_browsers_secret_opens_a_session_as_it_was_told(models: LevelClient) -> None:
    wanted: Any = {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": "other-whisper"}, "turn_detection": None}},
    }
    async with realtime_server(models, **KEYS) as url, realtime_server(models, **KEYS) as replica:
        official = openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1")
        made = await official.realtime.client_secrets.create(session=wanted)
        assert isinstance(made, ClientSecretCreateResponse)
        assert isinstance(made.session, RealtimeTranscriptionSessionCreateResponse)
        assert made.value.startswith("ek_")
        async with connect(address(replica), subprotocols=protocols(made.value)) as socket:
            created = json.loads(await socket.recv())["session"]["audio"]["input"]
            assert created["transcription"]["model"] == "other-whisper"
            assert created["turn_detection"] is None
        async with session(replica, made.value) as connection:
            await append(connection, spoken(1.0))
            await connection.input_audio_buffer.commit()
            assert (await until(connection, COMPLETED))[-1].transcript == counted(1.0)
        await official.close()
    assert models.requests_to("other-whisper")


async def test_a_secret_opens_nothing_else(models: LevelClient) -> None:
    async with realtime_server(models, **KEYS) as url, httpx.AsyncClient() as http:
        made = await http.post(f"{url}/v1/realtime/client_secrets", headers=bearer(KEY), json={})
        secret = made.json()["value"]
        answer = await http.get(f"{url}/v1/models", headers=bearer(secret))
        assert answer.status_code == 401
        assert (await http.post(f"{url}/v1/realtime/client_secrets", json={})).status_code == 401


async def test_a_secret_ends_with_its_time_and_with_its_key(models: LevelClient) -> None:
    async with realtime_server(models, **KEYS) as url, httpx.AsyncClient() as http:
        made = await http.post(
            f"{url}/v1/realtime/client_secrets",
            headers=bearer(KEY),
            json={"expires_after": {"anchor": "created_at", "seconds": 10}},
        )
        secret = made.json()["value"]
        async with connect(address(url), subprotocols=protocols(secret)):
            pass
        async with realtime_server(models, api_keys=OTHER) as without:
            assert (await refusal(without, subprotocols=protocols(secret)))[0] == 401
        async with (
            realtime_server(models, api_keys=f"{OTHER},{KEY},sk-third") as grown,
            connect(address(grown), subprotocols=protocols(secret)),
        ):
            pass


@pytest.mark.parametrize("keys", [KeyRing(()), KeyRing((KEY, OTHER))])
def test_a_secret_is_read_as_it_was_written_and_expires(keys: KeyRing) -> None:
    holder = keys.identify([KEY.encode()])
    secret = ClientSecret(holder, {"include": ["x"]}, int(time.time()) + 10)
    assert client_secrets.read(keys, client_secrets.write(keys, secret)) == secret
    expired = client_secrets.write(keys, ClientSecret(holder, {}, int(time.time()) - 1))
    with pytest.raises(Unauthorized, match="expired"):
        client_secrets.read(keys, expired)
    value = client_secrets.write(keys, secret)
    for spoiled in (value[:-2], value.replace(".", ".A"), f"{value[:10]}A{value[11:]}"):
        with pytest.raises(WrongKey):
            client_secrets.read(keys, spoiled)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 5}}, "expires_after.seconds"),
        ({"expires_after": {"seconds": 10_000}}, "expires_after.seconds"),
        ({"session": {"type": "realtime"}}, "session.type"),
        ({"session": {"audio": {"input": {"format": "mp3"}}}}, "session.audio.input.format.type"),
        ({"session": {"audio": {"input": {"transcription": {"model": "no"}}}}}, "model"),
        (
            {"session": {"audio": {"input": {"transcription": {"prompt": "x" * 9000}}}}},
            "session",
        ),
    ],
)
async def test_a_secret_for_a_wrong_session_is_refused(url: str, body: Any, param: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{url}/v1/realtime/client_secrets", json=body)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["param"] == param


async def test_the_older_way_to_a_secret(models: LevelClient) -> None:
    async with realtime_server(models, **KEYS) as url:
        official = openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1")
        made = await official.beta.realtime.transcription_sessions.create(
            input_audio_format="g711_ulaw",
            input_audio_transcription={"model": "whisper-1"},
            turn_detection={"type": "server_vad", "silence_duration_ms": 200},
        )
        await official.close()
        async with connect(address(url), subprotocols=protocols(made.client_secret.value)) as old:
            created = json.loads(await old.recv())["session"]["audio"]["input"]
            assert created["format"]["type"] == "audio/pcmu"
            assert created["turn_detection"]["silence_duration_ms"] == 200
            older = {"turn_detection": None, "input_audio_format": "pcm16"}
            await old.send(json.dumps({"type": "transcription_session.update", "session": older}))
            async with asyncio.timeout(30):
                updated = json.loads(await old.recv())
            assert updated["type"] == "transcription_session.updated"
            assert updated["session"]["audio"]["input"]["turn_detection"] is None
