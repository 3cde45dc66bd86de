"""`harmony serve`'s application with toolchains whose models run on the device."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from gpu_models import on_cuda, used_bytes
from model_requests import difference, recording
from synthetic_models import SYNTHETIC_MODELS

from contract.audio.codec import Audio, read_wav, wav_bytes
from contract.config import ModelConfig, ServiceConfig
from harmony.one_process import one_process
from ingress.settings import Settings as IngressSettings
from predictors.runtime.settings import Settings as PredictorSettings
from transport.client.connection import ConnectionSettings

pytestmark = pytest.mark.gpu
MEMBERS = (
    *("VoiceFixerRestorer", "VoiceFixerVocoder"),
    *("HarmonySpeechEncoder", "HarmonySpeechSynthesizer", "HarmonySpeechVocoder"),
)
SAME = 2e-2


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[ModelConfig]:
    return [SYNTHETIC_MODELS[name](tmp_path_factory.mktemp(name)) for name in MEMBERS]


@asynccontextmanager
async def app(entries: list[ModelConfig]) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        one_process(
            ServiceConfig(model_configs=tuple(entries)),
            ingress=IngressSettings(),
            predictors=PredictorSettings(),
            connection=ConnectionSettings(),
        ) as found,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(found), base_url="http://test", timeout=120
        ) as http,
    ):
        yield http


def speech() -> str:
    return base64.b64encode(wav_bytes(recording())).decode()


async def answered(http: httpx.AsyncClient, path: str, **body: Any) -> str:
    answer = await http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    data: str = answer.json()["data"]
    return data


async def restored(http: httpx.AsyncClient) -> Audio:
    body = {"model": "voicefixer", "source_audio": speech()}
    return read_wav(base64.b64decode(await answered(http, "/v1/audio/convert", **body)))


async def cloned(http: httpx.AsyncClient) -> Audio:
    body = {
        "model": "harmonyspeech",
        "mode": "voice_cloning",
        "input": "Good morning to you.",
        "input_audio": speech(),
    }
    return read_wav(base64.b64decode(await answered(http, "/v1/audio/speech", **body)))


async def test_toolchains_answer_on_the_device_as_on_the_cpu(entries: list[ModelConfig]) -> None:
    async with app(entries) as http:
        wanted = [await restored(http), await cloned(http)]
    before = used_bytes()
    async with app([on_cuda(entry) for entry in entries]) as http:
        found = [await restored(http), await cloned(http)]
        assert used_bytes() > before, "no weights on the device"
    for one, other in zip(found, wanted, strict=True):
        assert one.sample_rate == other.sample_rate
        assert difference(one, other) < SAME


async def test_many_callers_of_both_toolchains_get_their_own_answer(
    entries: list[ModelConfig],
) -> None:
    async with app([on_cuda(entry) for entry in entries]) as http:
        alone = [await restored(http), await cloned(http)]
        calls = [call(http) for _ in range(8) for call in (restored, cloned)]
        found = await asyncio.gather(*calls)
    for number, one in enumerate(found):
        assert difference(one, alone[number % 2]) < SAME
