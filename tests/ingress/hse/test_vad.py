"""POST /v1/audio/vad by a detector and by a recogniser."""

from __future__ import annotations

import re
from typing import Any

import httpx
import numpy as np
import pytest
from fake_client import FakeClient
from ingress_app import as_base64, wav_base64

from contract.audio.codec import Audio, wav_bytes
from contract.tasks import DetectSpeechInput, TranscribeInput

SILENCE = as_base64(wav_bytes(Audio(np.zeros(16_000, np.float32), 16_000)))


async def ask(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    asked = {"model": "silero-vad", "input_audio": wav_base64()} | fields
    return await http.post("/v1/audio/vad", json=asked)


async def test_speech_and_silence(http: httpx.AsyncClient) -> None:  # V1
    for model in ("silero-vad", "whisper"):  # V4
        speech = (await ask(http, model=model)).json()
        silence = (await ask(http, model=model, input_audio=SILENCE)).json()
        assert re.fullmatch(r"vad-[0-9a-f]{32}", speech["id"])
        assert (speech["speech_activity"], silence["speech_activity"]) == (True, False)
        assert speech["timestamps"] is None
        assert speech["model"] == model


async def test_timestamps_are_samples_or_seconds(http: httpx.AsyncClient) -> None:  # V2
    samples = (await ask(http, get_timestamps=True)).json()
    assert samples["timestamps"] == [{"start": 8000, "end": 20000}, {"start": 32000, "end": 44000}]
    assert samples["timestamps_unit"] == "samples"
    seconds = (await ask(http, get_timestamps=True, return_seconds=True)).json()
    assert seconds["timestamps"] == [{"start": 0.5, "end": 1.25}, {"start": 2.0, "end": 2.75}]
    assert seconds["timestamps_unit"] == "seconds"


async def test_threshold_reaches_the_detector(  # V3
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    strict = (await ask(http, threshold=0.99)).json()
    lax = (await ask(http, threshold=0.1)).json()
    assert (strict["speech_activity"], lax["speech_activity"]) == (False, True)


async def test_every_parameter_reaches_the_detector(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    parameters = {
        "min_speech_duration_ms": 100,
        "min_silence_duration_ms": 200,
        "speech_pad_ms": 10,
    }
    await ask(http, threshold=0.4, **parameters)
    (request,) = models.requests
    assert isinstance(request, DetectSpeechInput)
    assert {name: getattr(request, name) for name in parameters} == parameters
    assert (request.threshold, request.audio.sample_rate) == (0.4, 16_000)


async def test_null_is_the_default(http: httpx.AsyncClient, models: FakeClient) -> None:
    assert (await ask(http, threshold=None, get_timestamps=None)).status_code == 200
    assert models.requests[0].threshold == 0.5


async def test_a_recogniser_s_segments_are_in_seconds(  # V4
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = (await ask(http, model="whisper", get_timestamps=True)).json()
    assert [one["text"] for one in answer["timestamps"]] == [
        " Ask not what",
        " your country can do.",
    ]
    assert answer["timestamps_unit"] == "seconds"
    assert isinstance(models.requests[0], TranscribeInput)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": "loud"}, "threshold"),
        ({"min_speech_duration_ms": -1}, "min_speech_duration_ms"),
        ({"speech_pad_ms": 10**9}, "speech_pad_ms"),
        ({"input_audio": ""}, "input_audio"),
        ({"input_audio": None}, "input_audio"),
    ],
)
async def test_refusals_name_the_field(
    http: httpx.AsyncClient, fields: dict[str, Any], word: str
) -> None:
    answer = await ask(http, **fields)
    assert answer.status_code == 400
    assert word in answer.json()["message"]
    assert answer.json()["object"] == "error"


async def test_unfit_model_is_404(http: httpx.AsyncClient) -> None:
    assert (await ask(http, model="piper")).status_code == 404
