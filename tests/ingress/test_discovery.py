"""The public API while models come, sleep, break and go: nothing is restarted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_kubernetes_api import FakeKubernetesApi, inference_service, kubeconfig, serving
from fake_predictor import FakePredictor, answering
from ingress_app import browser, heard

from ingress.app import create_app
from ingress.settings import Settings
from transport.client.connection import ConnectionSettings, HttpConnection
from transport.discovery.discovery import Discovery
from transport.discovery.settings import DiscoverySettings, Pace

PACE = Pace(poll_s=0.05, retry_s=0.02, max_retry_s=0.1)
FILE = """
model_configs: [{name: joe, model: x, model_type: PiperSynthesizer}]
aliases: {models: {tts-1: joe}}
"""
SPEAK = {"input": "Hello.", "voice": "alloy", "response_format": "wav"}


@dataclass
class Cluster:
    api: FakeKubernetesApi
    predictor: FakePredictor
    http: httpx.AsyncClient

    def deploy(self, name: str, model_type: str = "PiperSynthesizer", **facts: Any) -> None:
        self.api.put(inference_service(name, model_type, address=self.predictor.url, **facts))

    async def states(self) -> dict[str, str | None]:
        answer = (await self.http.get("/v1/models")).json()["data"]
        return {model["id"]: model.get("state") for model in answer}

    async def until_state(self, name: str, state: str | None) -> None:
        """None: not listed."""
        end = time.monotonic() + 10
        while (await self.states()).get(name) != state:
            assert time.monotonic() < end, await self.states()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def _cluster(folder: Path) -> AsyncIterator[Cluster]:
    config = folder / "config.yml"
    config.write_text(FILE)
    with serving(FakeKubernetesApi()) as api, answering(0.5) as predictor:
        settings = DiscoverySettings(discovery="kubernetes", kubeconfig=kubeconfig(api, folder))
        api.put(inference_service("joe", address=predictor.url))
        discovery = Discovery(settings, config, PACE)
        connection = HttpConnection(ConnectionSettings(attempts=1), discovery.catalog)
        app = create_app(Settings(), connection.client, discovery.catalog)
        async with discovery, connection, browser(app) as http:
            cluster = Cluster(api, predictor, http)
            await cluster.until_state("joe", "ready")
            yield cluster


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with _cluster(tmp_path) as running:
        yield running


async def test_a_model_added_is_listed_and_speaks(cluster: Cluster) -> None:
    refused = await cluster.http.post("/v1/audio/speech", json=SPEAK | {"model": "amy"})
    assert refused.status_code == 404
    cluster.deploy("amy")
    await cluster.until_state("amy", "ready")
    spoken = await cluster.http.post("/v1/audio/speech", json=SPEAK | {"model": "amy"})
    assert spoken.status_code == 200
    assert heard(spoken.content).duration_s == pytest.approx(0.5, abs=0.05)
    assert cluster.predictor.called == ["/v2/models/amy/infer"]


async def test_a_model_removed_is_gone(cluster: Cluster) -> None:
    cluster.deploy("amy")
    await cluster.until_state("amy", "ready")
    cluster.api.delete("amy")
    await cluster.until_state("amy", None)
    assert (await cluster.http.get("/v1/models/amy")).status_code == 404
    refused = await cluster.http.post("/v1/audio/speech", json=SPEAK | {"model": "amy"})
    assert refused.status_code == 404
    assert not cluster.predictor.called


async def test_one_that_sleeps_is_shown_and_healthy_and_answers(cluster: Cluster) -> None:
    cluster.deploy("joe", pods=0)
    await cluster.until_state("joe", "asleep")
    assert (await cluster.states())["tts-1"] == "asleep"
    health = await cluster.http.get("/health")
    assert health.status_code == 200
    assert health.json()["text_to_speech"] == "healthy"
    assert health.json()["models"] == {"joe": "asleep"}
    spoken = await cluster.http.post("/v1/audio/speech", json=SPEAK | {"model": "tts-1"})
    assert spoken.status_code == 200


async def test_one_that_is_broken_is_named(cluster: Cluster) -> None:
    cluster.deploy("whisper", "FasterWhisper", ready="False")
    await cluster.until_state("whisper", "not_ready")
    health = await cluster.http.get("/health")
    assert health.status_code == 503
    assert health.json()["speech_to_text"] == "unhealthy: whisper (not_ready)"
    assert health.json()["text_to_speech"] == "healthy"
    cluster.deploy("whisper", "FasterWhisper")
    await cluster.until_state("whisper", "ready")
    assert (await cluster.http.get("/health")).status_code == 200


async def test_a_toolchain_is_offered_once_its_transformer_is_deployed(cluster: Cluster) -> None:
    cluster.deploy("restorer", "VoiceFixerRestorer")
    cluster.deploy("vocoder", "VoiceFixerVocoder")
    await asyncio.sleep(0.3)
    assert "voicefixer" not in await cluster.states()
    cluster.api.delete("vocoder")
    labels = {"harmony-speech/model": "vocoder"}
    cluster.deploy("voicefixer", "VoiceFixerVocoder", toolchain="voicefixer", labels=labels)
    await cluster.until_state("voicefixer", "ready")
    cards = (await cluster.http.get("/v1/audio/convert/models")).json()["data"]
    assert [card["id"] for card in cards] == ["voicefixer"]


async def test_a_malformed_neighbour_hides_nobody(cluster: Cluster) -> None:
    cluster.deploy("bad", annotations={"harmony-speech/model-config": "{}"})
    cluster.deploy("amy")
    await cluster.until_state("amy", "ready")
    assert "bad" not in await cluster.states()


async def test_while_the_api_server_is_away_everything_goes_on(cluster: Cluster) -> None:
    cluster.api.refusals += [503] * 1000
    cluster.api.disconnect()
    await asyncio.sleep(0.2)
    spoken = await cluster.http.post("/v1/audio/speech", json=SPEAK | {"model": "joe"})
    assert spoken.status_code == 200
    assert (await cluster.states())["joe"] == "ready"
    cluster.deploy("amy")
    cluster.api.refusals.clear()
    await cluster.until_state("amy", "ready")
