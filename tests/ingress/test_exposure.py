"""What strangers, browsers and monitors get: attack rows 8 and 14, client rows 14, 17 and 23."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fake_client import FakeClient
from ingress_app import browser, catalog, make_app, wav
from served import free_port

from ingress import metrics
from ingress.app import create_app
from ingress.settings import Settings
from transport.client.cache import MemoryStore
from transport.client.resilience import ResilientClient

SPEECH = {"model": "piper", "voice": "joe", "input": "Hi."}
DOCUMENT = "/openapi.json"
READER = "/docs"
"""A page without any word of the document: it asks for that, with the key it is given."""
KEY = {"api-key": "tok"}


# Keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"api-key": "wrong"}])
async def test_401_names_the_scheme(models: FakeClient, headers: dict[str, str]) -> None:
    async with browser(make_app(models, api_keys="tok")) as http:
        for path in ("/v1/models", "/v1/embed/models", "/metrics"):
            answer = await http.get(path, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_guessing_keys_is_limited(models: FakeClient) -> None:
    async with browser(make_app(models, api_keys="tok", wrong_keys_per_minute=3)) as http:
        guesses = [
            (await http.get("/v1/models", headers={"api-key": f"guess-{number}"})).status_code
            for number in range(6)
        ]
        lucky = await http.get("/v1/models", headers=KEY)
    assert guesses == [401] * 3 + [429] * 3
    assert lucky.status_code == 429, "a right guess looks like a wrong one"
    assert 1 <= int(lucky.headers["retry-after"]) <= 20


async def test_a_guesser_locks_out_nobody_who_was_there_before(models: FakeClient) -> None:
    async with browser(make_app(models, api_keys="tok", wrong_keys_per_minute=3)) as http:
        assert (await http.get("/v1/models", headers=KEY)).status_code == 200
        for number in range(6):
            await http.get("/v1/models", headers={"api-key": f"guess-{number}"})
        assert (await http.get("/v1/models", headers=KEY)).status_code == 200


async def test_a_request_without_a_key_is_no_guess(models: FakeClient) -> None:
    async with browser(make_app(models, api_keys="tok", wrong_keys_per_minute=1)) as http:
        statuses = [(await http.get("/v1/models")).status_code for _ in range(4)]
        assert statuses == [401] * 4
        assert (await http.get("/v1/models", headers=KEY)).status_code == 200


@pytest.mark.parametrize(
    ("address", "other", "is_one_caller"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
async def test_addresses_of_one_subscriber_are_one_caller(
    models: FakeClient, address: str, other: str, is_one_caller: bool
) -> None:
    app = make_app(models, requests_per_minute=1)
    statuses = []
    for one in (address, other):
        transport = httpx.ASGITransport(app=app, client=(one, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            statuses.append((await http.get("/v1/models")).status_code)
    assert statuses == [200, 429 if is_one_caller else 200]


# Documents and metrics ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "without_key", "with_key"),
    [
        ({}, 200, 200),
        ({"api_keys": "tok"}, 401, 200),
        ({"api_keys": "tok", "docs": "open", "metrics": "open"}, 200, 200),
        ({"docs": "off", "metrics": "off"}, 404, 404),
    ],
)
async def test_docs_and_metrics_are_as_open_as_is_set(
    models: FakeClient, settings: dict[str, Any], without_key: int, with_key: int
) -> None:
    async with browser(make_app(models, **settings)) as http:
        for path in (DOCUMENT, "/metrics"):
            assert (await http.get(path)).status_code == without_key, path
            assert (await http.get(path, headers=KEY)).status_code == with_key, path
        reader = await http.get(READER)
        assert reader.status_code == with_key
        assert "/v1/" not in reader.text


async def test_metrics_on_a_port_of_their_own_are_on_no_other(models: FakeClient) -> None:
    port = free_port()
    app = make_app(models, api_keys="tok", metrics_port=port)
    with metrics.served_apart("127.0.0.1", port):
        async with browser(app) as http:
            assert (await http.get("/metrics", headers=KEY)).status_code == 404
            assert (await http.get("/v1/models")).status_code == 401
        async with httpx.AsyncClient() as scraper:
            apart = await scraper.get(f"http://127.0.0.1:{port}/metrics")
    assert "speech_ingress_requests_total" in apart.text


@pytest.mark.parametrize(
    ("settings", "origin", "is_allowed"),
    [
        ({}, "https://evil.example", False),
        ({}, "http://localhost.evil.example", False),
        ({}, "http://localhost:3000", True),
        ({}, "http://127.0.0.1:8080", True),
        ({}, "https://[::1]:8443", True),
        ({"api_keys": "tok"}, "https://app.example", True),
        ({"cors_origins": "*"}, "https://app.example", True),
        ({"cors_origins": ""}, "http://localhost:3000", False),
    ],
)
async def test_a_server_without_keys_serves_pages_of_this_machine_only(
    models: FakeClient, settings: dict[str, str], origin: str, is_allowed: bool
) -> None:
    ask = {"origin": origin, "access-control-request-method": "POST"}
    async with browser(make_app(models, **settings)) as http:
        answer = await http.options("/v1/audio/speech", headers=ask)
    assert ("access-control-allow-origin" in answer.headers) is is_allowed


# Spellings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("/health", "/health/live", "/health/ready", "/version"),
        *("/v1/models", "/v1/models/", "/v1/models/piper", "/v1/audio/voices"),
        "/v1/audio/speech/models",
    ],
)
async def test_head_answers_as_get_without_a_body(http: httpx.AsyncClient, path: str) -> None:
    asked, head = await http.get(path), await http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == asked.headers["content-length"]


async def test_head_of_what_takes_posts_is_405(http: httpx.AsyncClient) -> None:
    assert (await http.head("/v1/audio/speech")).status_code == 405


@pytest.mark.parametrize(
    "path", ["/v1//audio/speech", "//v1/audio/speech", "/v1/audio/speech/", "//v1//audio//speech//"]
)
async def test_slashes_too_many_are_ignored(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(f"http://ingress{path}", json=SPEECH)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")


async def test_slashes_get_nobody_past_the_key(models: FakeClient) -> None:
    async with browser(make_app(models, api_keys="tok")) as http:
        for path in ("//v1/models", "/v1//models/", "//metrics", "/openapi.json/"):
            assert (await http.get(f"http://ingress{path}")).status_code == 401, path


async def test_an_upload_at_a_path_with_a_slash_too_many(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/v1//audio/transcriptions/", data={"model": "whisper"}, files={"file": ("a.wav", wav())}
    )
    assert answer.status_code == 200


# The cache ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_shared", [False, True])
async def test_the_cache_tells_nobody_what_another_key_asked(
    models: FakeClient, is_shared: bool
) -> None:
    snapshot = catalog()
    client = ResilientClient(
        models,
        lambda: snapshot.current,
        store=MemoryStore(1 << 20, 60),
        is_cache_shared=is_shared,
    )
    app = create_app(Settings(api_keys="one,two"), client, snapshot)
    async with browser(app) as http:
        hits = [
            (
                await http.post("/v1/audio/speech", json=SPEECH, headers={"api-key": key})
            ).headers.get("x-speech-cache")
            for key in ("one", "one", "two", "two")
        ]
        spoofed = {"api-key": "two", "x-speech-caller": "key-of-one"}
        await http.post("/v1/audio/speech", json=SPEECH | {"input": "Ho."}, headers=spoofed)
    assert hits == [None, "piper", "piper" if is_shared else None, "piper"]
    callers = [context.caller for _, _, context in models.calls]
    assert len(set(callers)) == 2
    assert "key-of-one" not in callers
