"""Azure OpenAI's addresses: its official client, and curl as Azure's documentation has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import httpx2
import openai
import pytest
from fake_client import TEXT, FakeClient
from fastapi import FastAPI
from ingress_app import browser, make_app, wav

VERSION = "2024-10-21"
FILE = ("speech.wav", wav(), "audio/wav")


@pytest.fixture(params=[{}, {"azure_deployment": "whisper"}], ids=["model", "deployment"])
async def azure(app: FastAPI, request: Any) -> AsyncIterator[openai.AsyncAzureOpenAI]:
    async with openai.AsyncAzureOpenAI(
        azure_endpoint="http://ingress",
        api_version=VERSION,
        api_key="any",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)),
        **request.param,
    ) as client:
        yield client


async def test_the_official_client(azure: openai.AsyncAzureOpenAI, models: FakeClient) -> None:
    speech = await azure.audio.speech.create(model="tts-1", voice="amy", input="Hello.")
    assert speech.content
    heard = await azure.audio.transcriptions.create(model="whisper-1", file=FILE)
    assert heard.text == TEXT
    with pytest.warns(DeprecationWarning, match="deprecated"):
        english = await azure.audio.translations.create(model="whisper-1", file=FILE)
    assert english.text == TEXT
    assert models.models == ["piper", "whisper", "whisper"]
    assert models.requests[0].voice == "amy"
    assert "whisper-1" in [one.id async for one in azure.models.list()]


@pytest.mark.parametrize(
    ("name", "model"), [("tts", "piper"), ("TTS-HD", "piper"), ("openai/tts-1-1106", "piper")]
)
async def test_azure_s_and_routers_names_of_openai_s_models(
    azure: openai.AsyncAzureOpenAI, models: FakeClient, name: str, model: str
) -> None:
    await azure.audio.speech.create(model=name, voice="amy", input="Hello.")
    assert models.models == [model]


@pytest.mark.parametrize(
    ("deployment", "task"),
    [("whisper", "transcriptions"), ("WHISPER-1", "translations"), ("whisper-1", "transcriptions")],
)
async def test_the_deployment_is_the_model_where_the_form_names_none(
    http: httpx.AsyncClient, models: FakeClient, deployment: str, task: str
) -> None:
    path = f"/openai/deployments/{deployment}/audio/{task}?api-version={VERSION}"
    answer = await http.post(path, files={"file": FILE})
    assert answer.json()["text"] == TEXT
    assert "x-ignored-parameters" not in answer.headers
    assert models.models == ["whisper"]


async def test_the_body_s_model_goes_before_the_deployment(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    path = f"/openai/deployments/our/own/name/audio/speech?api-version={VERSION}"
    assert (await http.post(path, json={"model": "tts-1", "input": "Hello."})).status_code == 200
    assert models.models == ["piper"]
    answer = await http.post(path, json={"input": "Hello."})
    assert answer.status_code == 404
    assert "our/own/name" in answer.json()["error"]["message"]


async def test_the_newer_base_address(http: httpx.AsyncClient, models: FakeClient) -> None:
    answer = await http.post(
        "/openai/v1/audio/speech?api-version=preview", json={"model": "tts-1", "input": "Hello."}
    )
    assert answer.headers["content-type"] == "audio/mpeg"
    assert "x-ignored-parameters" not in answer.headers


@pytest.mark.parametrize("path", ["/openai", "/openai/deployments/a/b", "/openai/v1/", "/openai/x"])
async def test_other_addresses_are_unknown(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, json={})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"]


async def test_a_key_guards_these_addresses_too(models: FakeClient) -> None:
    path = "/openai/deployments/tts-1/audio/speech"
    async with browser(make_app(models, api_keys="secret")) as http:
        assert (await http.post(path, json={"input": "Hello."})).status_code == 401
        key = {"api-key": "secret"}
        answer = await http.post(path, json={"input": "Hello."}, headers=key)
        assert answer.status_code == 200
