"""A page whose name was made to mean this machine is a stranger's all the same."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fake_client import FakeClient
from ingress_app import browser, make_app

from ingress.local_hosts import LocalHosts, is_local


@pytest.mark.parametrize(
    "host",
    [
        *("", "localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "[::1]"),
        *("192.168.1.7:80", "laptop", "laptop.local:8080", "speech.localhost", "localhost."),
        "host.docker.internal:8080",
    ],
)
def test_names_and_addresses_of_this_machine(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8080", "evil.example.", "localhost.evil.example:80"),
        *("127.0.0.1.nip.io", "evil.com:80:80", "a@evil.com", "local.evil"),
    ],
)
def test_names_that_anybody_may_own(host: str) -> None:
    assert not is_local(host)


async def test_a_stranger_s_page_gets_nothing(models: FakeClient) -> None:
    app = LocalHosts(make_app(models))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as http:
        for path in ("/v1/models", "/health", "/"):
            answer = await http.get(path)
            assert answer.status_code == 403
            assert answer.json()["error"]["code"] == "host_not_allowed"
            assert "SPEECH_CORS_ORIGINS" in answer.json()["error"]["message"]
        assert (await http.get("/v1/models", headers={"host": "localhost"})).status_code == 200


async def test_a_stranger_s_socket_is_not_opened(models: FakeClient) -> None:
    scope = {
        **{"type": "websocket", "path": "/v1/realtime", "headers": [(b"host", b"evil.example")]},
        "extensions": {"websocket.http.response": {}},
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await LocalHosts(make_app(models))(scope, receive, send)
    assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 403)


async def test_an_application_by_itself_serves_any_host(models: FakeClient) -> None:
    """Behind a proxy or a service mesh hosts are whatever the operator names."""
    async with browser(make_app(models)) as http:
        answer = await http.get("/v1/models", headers={"host": "speech.example.com"})
    assert answer.status_code == 200
