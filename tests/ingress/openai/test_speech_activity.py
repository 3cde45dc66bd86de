"""POST /v1/audio/speech/timestamps, as speaches answers it."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
from fake_client import SEGMENTS, FakeClient
from ingress_app import browser, make_app, wav

from contract.audio.codec import Audio, wav_bytes
from contract.tasks import DetectSpeechInput, TranscribeInput

PATH = "/v1/audio/speech/timestamps"


async def upload(
    http: httpx.AsyncClient, data: bytes | None = None, **fields: Any
) -> httpx.Response:
    file = wav() if data is None else data
    return await http.post(PATH, files={"file": ("a.wav", file, "audio/wav")}, data=fields)


@pytest.mark.parametrize("model", [None, "silero-vad", "silero_vad_v5", "silero_vad_v6"])
async def test_speech_in_milliseconds(
    http: httpx.AsyncClient, models: FakeClient, model: str | None
) -> None:
    answer = await upload(http, **({"model": model} if model else {}))
    assert answer.json() == [
        {"start": round(one.start_s * 1000), "end": round(one.end_s * 1000)} for one in SEGMENTS
    ]
    assert models.models == ["silero-vad"]


async def test_the_defaults_are_those_of_speaches(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    await upload(http)
    (request,) = models.requests
    assert isinstance(request, DetectSpeechInput)
    assert (request.threshold, request.min_speech_duration_ms) == (0.75, 0)
    assert (request.min_silence_duration_ms, request.speech_pad_ms) == (1000, 0)


async def test_settings_reach_the_detector(http: httpx.AsyncClient, models: FakeClient) -> None:
    fields = {"threshold": "0.3", "min_silence_duration_ms": "200", "speech_pad_ms": "30"}
    answer = await upload(http, **fields, neg_threshold="0.1", max_speech_duration_s="20")
    assert answer.headers["x-ignored-parameters"] == "neg_threshold, max_speech_duration_s"
    (request,) = models.requests
    assert (request.threshold, request.min_silence_duration_ms) == (0.3, 200)
    assert request.speech_pad_ms == 30


async def test_silence(http: httpx.AsyncClient) -> None:
    answer = await upload(http, wav_bytes(Audio(np.zeros(16_000, np.float32), 16_000)))
    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_recogniser_serves_too(models: FakeClient) -> None:
    config = "model_configs: [{name: whisper, model: x, model_type: FasterWhisper}]"
    async with browser(make_app(models, config=config)) as http:
        answer = await upload(http, threshold="0.3")
    assert answer.json() == [{"start": 0, "end": 900}, {"start": 1000, "end": 1900}]
    assert answer.headers["x-ignored-parameters"] == "threshold"
    assert isinstance(models.requests[0], TranscribeInput)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"threshold": "2"}, "threshold"),
        ({"speech_pad_ms": "-1"}, "speech_pad_ms"),
        ({"speech_pad_ms": "1000000"}, "speech_pad_ms"),
        ({"min_silence_duration_ms": "long"}, "min_silence_duration_ms"),
    ],
)
async def test_refusals_name_the_field(
    http: httpx.AsyncClient, models: FakeClient, fields: dict[str, str], param: str
) -> None:
    answer = await upload(http, **fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not models.calls


async def test_unfit_models_are_404(http: httpx.AsyncClient) -> None:
    answer = await upload(http, model="piper")
    assert answer.status_code == 404
    assert "available: whisper, silero-vad" in answer.json()["error"]["message"]
