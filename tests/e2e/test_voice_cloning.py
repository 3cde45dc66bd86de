"""From the public API through toolchains to predictors and back, in one process."""

from __future__ import annotations

import asyncio
import base64
import json

import httpx
import numpy as np
import pytest
from tiny_chain import chain_config
from tiny_models import LETTER_S, SAMPLE_RATE, TINY_MODEL_TYPES, letter_hz, tones

from contract.audio.codec import Audio, read_wav, wav_bytes
from contract.model_types import MODEL_TYPE_TASKS
from harmony.one_process import one_process
from ingress.settings import Settings as IngressSettings
from predictors.runtime.settings import Settings as PredictorSettings
from transport.client.connection import ConnectionSettings


def reference(word: str) -> str:
    audio = Audio(tones([letter_hz(letter) for letter in word], LETTER_S), SAMPLE_RATE)
    return base64.b64encode(wav_bytes(audio)).decode()


REFERENCE = reference("a voice to clone")


@pytest.fixture
async def api():
    """Every toolchain, its predictors played by the tiny model types."""
    async with (
        one_process(
            chain_config(),
            ingress=IngressSettings(),
            predictors=PredictorSettings(),
            connection=ConnectionSettings(),
            model_types=lambda name: TINY_MODEL_TYPES[MODEL_TYPE_TASKS[name]],
        ) as app,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://api", timeout=30
        ) as http,
    ):
        yield http


def speech(**fields):
    return {
        "model": "openvoice_v2",
        "mode": "voice_cloning",
        "input": "hello",
        "language": "EN",
        "voice": "default",
        **fields,
    }


async def spoken(api, **fields):
    answer = await api.post("/v1/audio/speech", json=speech(**fields))
    assert answer.status_code == 200, answer.text
    return read_wav(base64.b64decode(answer.json()["data"]))


async def refused(api, **fields):
    answer = await api.post("/v1/audio/speech", json=speech(**fields))
    assert answer.status_code == 400, answer.text
    assert answer.json()["object"] == "error"
    return answer.json()["message"]


async def test_a_cloned_voice_speaks_the_text(api):
    audio = await spoken(api, input_audio=REFERENCE)
    assert audio.duration_s == pytest.approx(len("hello") * LETTER_S, abs=0.1)
    assert 0.05 < np.abs(audio.samples).max() <= 1


async def test_steps_are_shown_when_asked_for(api):
    answer = await api.post(
        "/v1/audio/speech", json=speech(input_audio=REFERENCE), headers={"x-speech-steps": "1"}
    )
    steps = answer.headers["x-speech-steps"]
    for step in ("fasterwhisper", "toneconverterencoder", "melotts", "toneconverter"):
        assert step in steps


async def test_an_embedding_made_once_gives_the_same_voice(api):
    made = await api.post(
        "/v1/embed/speaker", json={"model": "openvoice_v2", "input_audio": REFERENCE}
    )
    by_embedding = await spoken(api, input_embedding=made.json()["data"])
    by_recording = await spoken(api, input_audio=REFERENCE)
    np.testing.assert_allclose(by_embedding.samples, by_recording.samples, atol=1e-3)


async def test_our_own_vad_answer_saves_the_search(api):
    vad = await api.post(
        "/v1/audio/vad",
        json={
            "model": "silerovad",
            "input_audio": REFERENCE,
            "get_timestamps": True,
            "return_seconds": True,
        },
    )
    answer = await api.post(
        "/v1/audio/speech",
        json=speech(input_audio=REFERENCE, input_vad_data=json.dumps(vad.json())),
        headers={"x-speech-steps": "1"},
    )
    assert answer.status_code == 200, answer.text
    assert "fasterwhisper" not in answer.headers["x-speech-steps"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mode": "single_speaker_tts", "input_audio": REFERENCE},
        {"input_audio": REFERENCE, "input_embedding": base64.b64encode(bytes(1024)).decode()},
        {"model": "harmonyspeech", "mode": "single_speaker_tts", "language": None, "voice": None},
    ],
)
async def test_what_hung_upstream_is_a_reasoned_400(api, fields):
    assert await refused(api, **fields)


async def test_an_embedding_of_another_family_is_refused_with_both_names(api):
    made = await api.post(
        "/v1/embed/speaker", json={"model": "harmonyspeech", "input_audio": REFERENCE}
    )
    message = await refused(api, input_embedding=made.json()["data"])
    assert "harmonyspeech" in message
    assert "openvoice_v2" in message


async def test_conversion_takes_a_target_recording(api):
    answer = await api.post(
        "/v1/voice/convert",
        json={
            "model": "openvoice_v2",
            "source_audio": reference("words"),
            "target_audio": REFERENCE,
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"].startswith("vc-")


async def test_a_recording_is_restored(api):
    answer = await api.post(
        "/v1/audio/convert", json={"model": "voicefixer", "source_audio": REFERENCE}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"].startswith("ac-")


async def test_many_callers_at_once_all_get_their_own_words(api):
    words = [f"word {letter}" for letter in "abcdefghijklmn"]

    async def roundtrip(word: str) -> str:
        answer = await api.post(
            "/v1/audio/speech",
            json=speech(model="melottssynthesizer", mode="single_speaker_tts", input=word),
        )
        heard = await api.post(
            "/v1/audio/transcriptions",
            json={"model": "fasterwhisper", "input_audio": answer.json()["data"]},
        )
        return heard.json()["text"]

    assert await asyncio.gather(*map(roundtrip, words)) == words
