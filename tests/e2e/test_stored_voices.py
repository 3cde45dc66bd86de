"""A stored voice through real toolchains: it speaks as its recording does, and leaves nothing."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tiny_chain import chain_config
from tiny_models import LETTER_S, SAMPLE_RATE, TINY_MODEL_TYPES, letter_hz, tones
from voice_clients import connect, upload

from contract.audio.codec import Audio, read_wav, wav_bytes
from contract.model_types import MODEL_TYPE_TASKS
from harmony.one_process import one_process
from ingress.settings import Settings
from predictors.runtime.settings import Settings as PredictorSettings
from transport.client.connection import ConnectionSettings

TEXT = "hello"


def recording(word: str = "a voice to clone and to keep and to delete") -> bytes:
    heard = tones([letter_hz(letter) for letter in word], LETTER_S)
    return wav_bytes(Audio(heard, SAMPLE_RATE))


def as_hse(**fields: Any) -> dict[str, Any]:
    reference = base64.b64encode(recording()).decode()
    asked = {"model": "openvoice_v2", "input": TEXT, "mode": "voice_cloning", "language": "EN"}
    return asked | {"voice": "default", "input_audio": reference} | fields


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Any]:
    """Every toolchain, its predictors played by the tiny model types, with a cache."""
    async with (
        one_process(
            chain_config(),
            ingress=Settings(voices_db=f"sqlite:///{tmp_path}/voices.sqlite3", decoders=1),
            predictors=PredictorSettings(),
            connection=ConnectionSettings(cache_mb=64),
            model_types=lambda name: TINY_MODEL_TYPES[MODEL_TYPE_TASKS[name]],
        ) as served,
        served.router.lifespan_context(served),
    ):
        yield served


@pytest.fixture
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingress") as client:
        yield client


async def new_voice(app: Any) -> str:
    async with connect(app) as client:
        consent = await client.audio.voice_consents.create(
            name="A", language="en", recording=upload(recording())
        )
        voice = await client.audio.voices.create(
            name="A", consent=consent.id, audio_sample=upload(recording())
        )
    return voice.id


async def speak(http: httpx.AsyncClient, voice_id: str, model: str) -> httpx.Response:
    body = {"model": model, "input": TEXT, "voice": {"id": voice_id}, "response_format": "wav"}
    answer = await http.post("/v1/audio/speech", json=body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("model", ["openvoice_v1", "openvoice_v2", "harmonyspeech"])
async def test_it_sounds_as_its_recording_in_the_request(
    app: Any, http: httpx.AsyncClient, model: str
) -> None:
    voice_id = await new_voice(app)
    spoken = read_wav((await speak(http, voice_id, model)).content).samples
    given = as_hse(model=model) if model != "harmonyspeech" else _hs1()
    answer = (await http.post("/v1/audio/speech", json=given)).json()
    expected = read_wav(base64.b64decode(answer["data"])).samples
    assert len(spoken) == len(expected)
    # The one was kept at 24 kHz, the other is embedded at its own rate.
    assert np.corrcoef(spoken, expected)[0, 1] > 0.999


def _hs1() -> dict[str, Any]:
    body = as_hse(model="harmonyspeech")
    return {key: value for key, value in body.items() if key not in ("language", "voice")}


async def test_no_cache_holds_anything_of_it(app: Any, http: httpx.AsyncClient) -> None:
    """What HSE's dialect asks is kept, what a request with a stored voice asks is not."""
    voice_id = await new_voice(app)
    for _ in range(2):
        assert "x-speech-cache" not in (await speak(http, voice_id, "openvoice_v2")).headers
    async with connect(app) as client:
        await client.audio.voices.delete(voice_id)
    first = await http.post("/v1/audio/speech", json=as_hse())
    assert "x-speech-cache" not in first.headers
    second = await http.post("/v1/audio/speech", json=as_hse())
    assert "openvoicev2toneconverterencoder" in second.headers["x-speech-cache"]


async def test_a_recording_without_speech_is_refused_by_the_field_of_the_request(
    app: Any, http: httpx.AsyncClient
) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.002, 3 * SAMPLE_RATE).astype(np.float32)
    async with connect(app) as client:
        consent = await client.audio.voice_consents.create(
            name="A", language="en", recording=upload(recording())
        )
        voice = await client.audio.voices.create(
            name="A",
            consent=consent.id,
            audio_sample=upload(wav_bytes(Audio(hiss, SAMPLE_RATE))),
        )
    body = {"model": "openvoice_v2", "input": TEXT, "voice": voice.id}
    answer = await http.post("/v1/audio/speech", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "voice"
    assert "speech" in answer.json()["error"]["message"]
