"""POST /v1/voice/convert and /v1/audio/convert."""

from __future__ import annotations

import base64
import re
from typing import Any

import httpx
import numpy as np
import pytest
from fake_client import RESTORED_RATE, FakeClient
from ingress_app import as_base64, browser, heard, make_app, wav_base64

from contract.embedding import Embedding
from contract.tasks import ConvertVoiceInput

EMBEDDING = as_base64(Embedding("openvoice_v2", np.ones(256, np.float32)).to_bytes())


async def convert(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    asked = {"model": "openvoice_v2", "source_audio": wav_base64(2)} | fields
    return await http.post("/v1/voice/convert", json=asked)


async def restore(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    asked = {"model": "voicefixer", "source_audio": wav_base64(2)} | fields
    return await http.post("/v1/audio/convert", json=asked)


@pytest.mark.parametrize("model", ["openvoice_v2", "ov2-tone-converter"])
async def test_voice_by_embedding(  # C1
    http: httpx.AsyncClient, models: FakeClient, model: str
) -> None:
    answer = (await convert(http, model=model, target_embedding=EMBEDDING)).json()
    assert re.fullmatch(r"vc-[0-9a-f]{32}", answer["id"])
    assert heard(base64.b64decode(answer["data"])).duration_s == pytest.approx(2, abs=0.01)
    (request,) = models.requests
    assert isinstance(request, ConvertVoiceInput)
    assert request.target_embedding is not None
    assert request.target_audio is None
    assert request.source_embedding is None


async def test_voice_by_recording(http: httpx.AsyncClient, models: FakeClient) -> None:  # C2
    assert (await convert(http, target_audio=wav_base64(4))).status_code == 200
    assert models.requests[0].target_audio.duration_s == pytest.approx(4, abs=0.01)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "target_embedding"),  # C3
        ({"target_embedding": EMBEDDING, "target_audio": wav_base64()}, "target_embedding"),
        ({"model": "ov2-tone-converter", "target_audio": wav_base64()}, "target_audio"),
        ({"target_embedding": "AAAA"}, "target_embedding"),
        ({"target_audio": "AAAA"}, "target_audio"),
        ({"target_embedding": EMBEDDING, "source_audio": ""}, "source_audio"),
        (
            {"target_embedding": EMBEDDING, "generation_options": {"speed": 2.0}},
            "generation_options.speed",
        ),
    ],
)
async def test_refusals_name_the_field(
    http: httpx.AsyncClient, models: FakeClient, fields: dict[str, Any], word: str
) -> None:
    answer = await convert(http, **fields)
    assert answer.status_code == 400, answer.text
    assert word in answer.json()["message"]
    assert not models.calls


async def test_restoration(http: httpx.AsyncClient) -> None:  # R1
    answer = (await restore(http)).json()
    assert re.fullmatch(r"ac-[0-9a-f]{32}", answer["id"])
    audio = heard(base64.b64decode(answer["data"]))
    assert (audio.sample_rate, round(audio.duration_s, 2)) == (RESTORED_RATE, 2.0)


async def test_restoration_of_a_long_recording(http: httpx.AsyncClient) -> None:  # R2
    answer = (await restore(http, source_audio=wav_base64(70, 8_000))).json()
    assert heard(base64.b64decode(answer["data"])).duration_s == pytest.approx(70, rel=0.01)


async def test_the_restorer_alone_is_not_listed(http: httpx.AsyncClient) -> None:  # R3
    assert (await restore(http, model="voicefixer-restorer")).status_code == 404


async def test_output_options(http: httpx.AsyncClient) -> None:
    options = {"format": "flac", "sample_rate": 16_000, "stream": True}
    answer = await restore(http, output_options=options)
    assert answer.headers["content-type"] == "audio/flac"
    assert heard(answer.content).sample_rate == 16_000


async def test_filters_come_first(http: httpx.AsyncClient, models: FakeClient) -> None:
    filters = [{"model": "voicefixer"}]
    await convert(http, target_embedding=EMBEDDING, pre_processing_filters=filters)
    assert models.models == ["voicefixer", "openvoice_v2"]
    assert models.requests[1].audio.sample_rate == RESTORED_RATE


async def test_a_single_model_that_restores_is_listed_and_asked_by_its_name(
    models: FakeClient,
) -> None:
    config = (
        "model_configs: ["
        "{name: denoiser, model: x, model_type: DeepFilterNet}, "
        "{name: piper, model: x, model_type: PiperSynthesizer, language: EN, voices: [joe]}]"
    )
    async with browser(make_app(models, config=config)) as http:
        listed = (await http.get("/v1/audio/convert/models")).json()["data"]
        assert [(one["id"], one["object"]) for one in listed] == [("denoiser", "model")]
        answer = (await restore(http, model="denoiser")).json()
        assert heard(base64.b64decode(answer["data"])).duration_s == pytest.approx(2, abs=0.01)
        spoken = await http.post(
            "/v1/audio/speech",
            json={
                **{"model": "piper", "mode": "single_speaker_tts", "input": "Hello."},
                **{"language": "EN", "voice": "joe"},
                "post_generation_filters": [{"model": "denoiser", "source_audio": ""}],
            },
        )
        assert spoken.status_code == 200, spoken.text
    assert models.models == ["denoiser", "piper", "denoiser"]
