"""Keys, rates, how many at once, how long a body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_client import FakeClient
from ingress_app import browser, make_app, wav, wav_base64

from contract.config import InvalidConfig
from contract.errors import RateLimited
from ingress.keys import RateLimit

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hi."}
VAD = {"model": "silero-vad", "input_audio": wav_base64(0.5)}


class AnyName(dict[str, str]):
    """Fills a path's parameters."""

    def __missing__(self, key: str) -> str:
        return "some"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer tok"}, 200),
        ({"authorization": "bearer tok"}, 200),
        ({"authorization": "Basic tok"}, 401),
        ({"authorization": "tok"}, 401),
        ({"api-key": "tok"}, 200),
        ({"x-api-key": "tok"}, 200),
        ({"api-key": "tok", "authorization": "Bearer tok"}, 200),
        ({"api-key": "tok", "authorization": "Bearer sk-placeholder"}, 200),
        ({"api-key": "other"}, 401),
        ({"api-key": "to"}, 401),
        ({"api-key": "tök".encode("latin-1")}, 401),
    ],
)
async def test_any_of_three_headers_carries_the_key(
    models: FakeClient, headers: Any, status: int
) -> None:
    async with browser(make_app(models, api_keys="tok,tok2")) as http:
        assert (await http.get("/v1/models", headers=headers)).status_code == status


async def test_every_path_needs_a_key_but_those_for_operators_and_readers(
    models: FakeClient,
) -> None:
    app = make_app(models, api_keys="tok")
    open_paths = set()
    async with browser(app) as http:
        for path, operations in app.openapi()["paths"].items():
            for method in operations:
                answer = await http.request(method, path.format_map(AnyName()))
                if answer.status_code != 401:
                    open_paths.add(path)
    assert open_paths == {"/health", "/health/live", "/health/ready", "/version"}


async def test_401_is_in_the_dialect_of_the_path(models: FakeClient) -> None:
    async with browser(make_app(models, api_keys="tok")) as http:
        refused = await http.post("/v1/audio/speech", json=SPEECH)
        assert refused.headers["www-authenticate"] == "Bearer"
        openai_s = (await http.post("/v1/audio/speech", json=SPEECH)).json()
        hse_s = (await http.post("/v1/audio/vad", json=VAD)).json()
    assert openai_s["error"]["code"] == "invalid_api_key"
    assert (hse_s["object"], hse_s["code"]) == ("error", 401)
    assert not models.calls


async def test_preflight_needs_no_key_and_errors_carry_cors(models: FakeClient) -> None:
    origin = {"origin": "http://app.example"}
    ask = origin | {"access-control-request-method": "POST"}
    async with browser(make_app(models, api_keys="tok")) as http:
        preflight = await http.options("/v1/audio/speech", headers=ask)
        refused = await http.post("/v1/audio/speech", json=SPEECH, headers=origin)
    assert preflight.status_code == 200
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "*"


async def test_cors_can_be_narrowed(models: FakeClient) -> None:
    async with browser(make_app(models, cors_origins="http://a.example")) as http:
        for origin, allowed in (("http://a.example", True), ("http://b.example", False)):
            answer = await http.get("/v1/models", headers={"origin": origin})
            assert ("access-control-allow-origin" in answer.headers) is allowed


async def test_keys_from_a_file(models: FakeClient, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("one\n\ntwo\n")
    async with browser(make_app(models, api_keys="three", api_keys_file=file)) as http:
        for key, status in (("one", 200), ("two", 200), ("three", 200), ("four", 401)):
            assert (await http.get("/v1/models", headers={"api-key": key})).status_code == status


@pytest.mark.parametrize("content", [None, "", "\n \n"])
def test_a_keys_file_without_keys_keeps_the_door_shut(
    models: FakeClient, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InvalidConfig, match="SPEECH_API_KEYS_FILE") as caught:
        make_app(models, api_keys_file=file)
    assert str(tmp_path) not in str(caught.value)


async def test_rate_limit_per_key(models: FakeClient) -> None:
    app = make_app(models, api_keys="one,two", requests_per_minute=2)
    async with browser(app) as http:
        statuses = [
            (await http.get("/v1/models", headers={"api-key": key})).status_code
            for key in ("one", "one", "one", "two")
        ]
        refused = await http.get("/v1/models", headers={"api-key": "one"})
    assert statuses == [200, 200, 429, 200]
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"


def test_a_bucket_refills_evenly() -> None:
    now_s = 0.0
    rate = RateLimit(60, clock=lambda: now_s)
    for _ in range(60):
        rate.take("me")
    with pytest.raises(RateLimited) as caught:
        rate.take("me")
    assert caught.value.retry_after_s == 1
    now_s = 1.01
    rate.take("me")
    with pytest.raises(RateLimited):
        rate.take("me")


@pytest.fixture
async def narrow(models: FakeClient) -> AsyncIterator[httpx.AsyncClient]:
    models.gate = asyncio.Event()
    async with browser(make_app(models, max_requests=2)) as client:
        yield client


async def test_one_too_many_at_once_is_429(narrow: httpx.AsyncClient, models: FakeClient) -> None:
    assert models.gate is not None
    waiting = [asyncio.create_task(narrow.post("/v1/audio/speech", json=SPEECH)) for _ in range(2)]
    await models.until_called(2)
    refused = await narrow.post("/v1/audio/vad", json=VAD)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["type"] == "RateLimitError"
    assert (await narrow.get("/v1/models")).status_code == 200
    models.gate.set()
    assert [(await one).status_code for one in waiting] == [200, 200]
    assert (await narrow.post("/v1/audio/vad", json=VAD)).status_code == 200


async def test_a_long_body_is_refused_by_its_announced_length(models: FakeClient) -> None:
    """100 MB are announced and not one is read."""
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield bytes(1 << 20)

    headers = {"content-length": str(100 << 20), "content-type": "application/json"}
    async with browser(make_app(models)) as http:
        answer = await http.post("/v1/audio/vad", content=body(), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "PayloadTooLargeError")
    assert read == 0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/audio/vad", "application/json"),
        ("/v1/audio/speech", "application/json"),
        ("/v1/audio/transcriptions", "application/json"),
        ("/v1/audio/transcriptions", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_of_unknown_length_is_refused_while_it_is_read(
    models: FakeClient, path: str, kind: str
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            read += 1
            yield bytes(1 << 16)

    async with browser(make_app(models, max_body_mb=1)) as http:
        answer = await http.post(path, content=body(), headers={"content-type": kind})
    assert answer.status_code == 413
    assert read <= 18


async def test_a_body_at_the_limit_passes(models: FakeClient) -> None:
    async with browser(make_app(models, max_body_mb=1)) as http:
        answer = await http.post(
            "/v1/audio/transcriptions",
            data={"model": "whisper-1"},
            files={"file": ("a.wav", wav(30))},
        )
    assert answer.status_code == 200
