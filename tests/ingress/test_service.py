"""Health, version, metrics."""

from __future__ import annotations

import httpx
from fake_client import FakeClient
from ingress_app import browser, make_app, wav_base64
from prometheus_client.parser import text_string_to_metric_families

from contract.errors import InvalidRequest, ModelFailed

VAD = {"model": "silero-vad", "input_audio": wav_base64()}


async def test_health_has_hse_s_five_keys(http: httpx.AsyncClient) -> None:  # S1
    answer = await http.get("/health")
    assert answer.status_code == 200
    assert answer.json() == dict.fromkeys(
        (
            "text_to_speech",
            "speech_to_text",
            "voice_conversion",
            "voice_embedding",
            "voice_activity_detection",
        ),
        "healthy",
    )


async def test_health_names_the_broken_model_until_it_works_again(  # S2
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    models.failures["silero-vad"] = ModelFailed("the model failed")
    assert (await http.post("/v1/audio/vad", json=VAD)).status_code == 500
    broken = await http.get("/health")
    assert broken.status_code == 503
    assert "silero-vad" in broken.json()["voice_activity_detection"]
    assert broken.json()["text_to_speech"] == "healthy"
    assert (await http.get("/health/ready")).status_code == 200
    models.failures.clear()
    await http.post("/v1/audio/vad", json=VAD)
    assert (await http.get("/health")).status_code == 200


async def test_a_client_s_error_leaves_the_model_healthy(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    models.failures["silero-vad"] = InvalidRequest("audio is too short", param="audio")
    answer = await http.post("/v1/audio/vad", json=VAD)
    assert answer.status_code == 400
    assert "input_audio" in answer.json()["message"]
    assert (await http.get("/health")).status_code == 200


async def test_probes_and_version_are_open_and_wake_nobody(models: FakeClient) -> None:  # S3
    async with browser(make_app(models, api_keys="secret")) as http:
        for path in ("/health", "/health/live", "/health/ready", "/version"):
            assert (await http.get(path)).status_code == 200
        assert (await http.get("/version")).json()["version"]
    assert not models.calls


async def test_metrics_count_requests_calls_and_seconds(http: httpx.AsyncClient) -> None:  # S4
    await http.post("/v1/audio/vad", json=VAD)
    families = {
        f.name: f for f in text_string_to_metric_families((await http.get("/metrics")).text)
    }
    requests = families["speech_ingress_requests"].samples
    labels = {"path": "/v1/audio/vad", "method": "POST", "dialect": "hse", "status": "200"}
    assert any(one.labels == labels and one.value >= 1 for one in requests)
    calls = families["speech_ingress_call_seconds"].samples
    assert any(one.labels.get("model") == "silero-vad" for one in calls)
    heard = families["speech_ingress_audio_seconds"].samples
    assert any(one.labels["direction"] == "in" and one.value >= 3 for one in heard)


async def test_unknown_path_and_method(http: httpx.AsyncClient) -> None:  # S7
    assert (await http.get("/v1/nowhere")).status_code == 404
    answer = await http.put("/v1/audio/speech")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert (await http.delete("/health")).headers["allow"] == "GET, HEAD"
