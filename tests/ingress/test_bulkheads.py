"""One caller, one model or one slow socket takes its share and no more: attack rows 5 to 8."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx
import pytest
from fake_client import FakeClient
from http_threads import serving_limited
from ingress_app import as_base64, browser, make_app, wav, wav_base64
from raw_http import connected, wait_until

from ingress.settings import Settings
from transport.asgi.settings import ServerSettings

SPEECH = {"model": "piper", "voice": "joe", "input": "Hi."}
VAD = {"model": "silero-vad", "input_audio": wav_base64(0.5)}
LONG_TEXT = "And so my fellow citizens of the world. " * 450
"""Eighteen minutes of the fake synthesizer's tone: 47 MB of WAV."""


def test_uploads_of_a_byte_a_second_hold_no_place(models: FakeClient) -> None:
    app = make_app(models, max_requests=4)
    with serving_limited(app, ServerSettings(grace_s=0)) as url, ExitStack() as stack:
        head = b"POST /v1/audio/vad HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n"
        for _ in range(64):
            line = stack.enter_context(connected(url))
            line.sendall(head + b"content-type: application/json\r\n\r\n{")
        answers = [httpx.post(f"{url}/v1/audio/vad", json=VAD).status_code for _ in range(8)]
    assert answers == [200] * 8


def test_readers_that_do_not_read_give_up_their_place(models: FakeClient) -> None:
    app = make_app(models, max_requests=2, max_text_chars=100_000)
    body = json.dumps(SPEECH | {"input": LONG_TEXT, "response_format": "wav"}).encode()
    request = b"POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    with serving_limited(app, ServerSettings(grace_s=0)) as url, ExitStack() as stack:
        for _ in range(2):
            line = stack.enter_context(connected(url))
            line.sendall(request + b"content-length: %d\r\n\r\n%s" % (len(body), body))
        wait_until(lambda: len(models.calls) >= 4)
        wait_until(lambda: httpx.post(f"{url}/v1/audio/vad", json=VAD).status_code == 200, 20)


async def test_a_model_that_hangs_leaves_room_for_others() -> None:
    """Sixty-four callers from each of two addresses."""
    models = FakeClient(hung=frozenset({"piper"}))
    app = make_app(models)
    other = httpx.ASGITransport(app=app, client=("127.0.0.2", 1))
    async with browser(app) as http, httpx.AsyncClient(transport=other, base_url="http://x") as two:
        hanging = [
            asyncio.create_task(one.post("/v1/audio/speech", json=SPEECH))
            for _ in range(64)
            for one in (http, two)
        ]
        refused, _ = await asyncio.wait(hanging, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        while len(refused) < 128 - 32:
            refused, _ = await asyncio.wait(hanging, timeout=0.2)
        answers = [(await http.post("/v1/audio/vad", json=VAD)).status_code for _ in range(8)]
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    assert answers == [200] * 8
    statuses = {task.result().status_code for task in refused}
    said = [task.result().json()["error"]["message"] for task in refused]
    assert statuses == {429}
    assert any("piper has 32 requests under way" in message for message in said)


@pytest.mark.parametrize(
    "bounds",
    [{"max_requests": 4, "max_requests_per_caller": 3}, {"max_requests_per_model": 4}],
    ids=["of the server", "of a model"],
)
async def test_one_caller_leaves_places_to_others(
    models: FakeClient, bounds: dict[str, int]
) -> None:
    models.gate = asyncio.Event()
    app = make_app(models, api_keys="one,two", **bounds)
    async with browser(app) as http:
        one, two = {"api-key": "one"}, {"api-key": "two"}
        waiting = [
            asyncio.create_task(http.post("/v1/audio/vad", json=VAD, headers=one)) for _ in range(3)
        ]
        await models.until_called(3)
        refused = await http.post("/v1/audio/vad", json=VAD, headers=one)
        waiting.append(asyncio.create_task(http.post("/v1/audio/vad", json=VAD, headers=two)))
        await models.until_called(4)
        models.gate.set()
        assert [(await task).status_code for task in waiting] == [200] * 4
    assert refused.status_code == 429
    assert "you have 3 requests" in refused.json()["message"]


async def test_what_is_admitted_is_bounded_in_bytes(models: FakeClient) -> None:
    """An upload of 0.5 MB is 2.4 MB when decoded; two do not fit into one caller's half of 4."""
    models.gate = asyncio.Event()
    async with browser(make_app(models, max_held_mb=4)) as http:
        recording = {"file": ("a.wav", wav(30, rate=8_000))}
        fields = {"model": "whisper"}
        path = "/v1/audio/transcriptions"
        first = asyncio.create_task(http.post(path, data=fields, files=recording))
        await models.until_called(1)
        refused = await http.post(path, data=fields, files=recording)
        models.gate.set()
        assert (await first).status_code == 200
        assert (await http.post(path, data=fields, files=recording)).status_code == 200
    assert refused.status_code == 429
    assert "memory" in refused.json()["error"]["message"]


async def test_a_body_of_empty_lists_is_refused_while_it_arrives(models: FakeClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'{"input_audio": ['
        for _ in range(1000):
            read += 1
            yield b"[]," * 20_000

    headers = {"content-type": "application/json"}
    async with browser(make_app(models)) as http:
        answer = await http.post("/v1/audio/vad", content=body(), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "PayloadTooLargeError")
    assert read == 5


async def test_a_large_body_is_read_and_a_large_wrong_one_is_400(models: FakeClient) -> None:
    recording = as_base64(wav(30))
    async with browser(make_app(models)) as http:
        whole = await http.post("/v1/audio/vad", json=VAD | {"input_audio": recording})
        text = json.dumps(VAD | {"input_audio": recording})
        cut = await http.post("/v1/audio/vad", content=text[:-2])
        surrogate = await http.post("/v1/audio/vad", content=text[:-1] + ', "model": "\\ud800"}')
        deep = await http.post("/v1/audio/vad", content="[" * 200_000)
    assert whole.status_code == 200
    for answer in (cut, surrogate, deep):
        assert (answer.status_code, answer.json()["type"]) == (400, "BadRequestError")


def test_a_spoofed_address_is_the_same_caller(models: FakeClient) -> None:
    app = make_app(models, requests_per_minute=5)
    with serving_limited(app, Settings(grace_s=0)) as url:
        statuses = [
            httpx.get(
                f"{url}/v1/models", headers={"x-forwarded-for": f"10.0.0.{number}"}
            ).status_code
            for number in range(10)
        ]
    assert statuses == [200] * 5 + [429] * 5


def test_callers_behind_a_trusted_proxy_are_told_apart(models: FakeClient) -> None:
    app = make_app(models, requests_per_minute=2)
    with serving_limited(app, Settings(grace_s=0), trusted_proxies="127.0.0.1") as url:
        statuses = [
            httpx.get(f"{url}/v1/models", headers={"x-forwarded-for": address}).status_code
            for address in ("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "6.6.6.6, 10.0.0.1")
        ]
    assert statuses == [200, 200, 429, 200, 429]
