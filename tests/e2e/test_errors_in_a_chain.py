"""Ingress → transformer → predictors: every error at every hop, and how often each model works.

The transformer is a process of its own. Its predictors are scripted servers that count inferences;
the ingress calls it over HTTP as in a cluster.
"""

import asyncio
import base64
import sys

import httpx
import numpy as np
import pytest
import yaml
from fake_client import tone
from scripted_predictor import DIE, HANG, ScriptedPredictor, serving
from served import free_port, running

from contract.catalog import Catalog
from contract.config import load_config
from contract.context import RequestContext
from contract.errors import InvalidRequest, ModelFailed, ModelNotReady, QueueFull, Unavailable
from contract.tasks import AudioOutput, RestoreInput, RestoreOutput
from ingress.app import create_app
from ingress.encoding import AudioFormat, encode
from ingress.settings import Settings
from transport.client.connection import ConnectionSettings, HttpConnection

ATTEMPTS = 3
MODELS = {"restorer": "VoiceFixerRestorer", "vocoder": "VoiceFixerVocoder"}
CONVERT = "/v1/audio/convert"
CLIP = encode(tone(1.0), AudioFormat.WAV)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("chain") / "config.yml"
    entries = [{"name": n, "model": "m", "model_type": kind} for n, kind in MODELS.items()]
    path.write_text(yaml.safe_dump({"model_configs": entries}))
    return path


@pytest.fixture(scope="module")
def restorer():
    with serving(ScriptedPredictor(RestoreOutput(np.zeros((128, 60), np.float32)))) as predictor:
        yield predictor


@pytest.fixture(scope="module")
def vocoder():
    with serving(ScriptedPredictor(AudioOutput(tone(0.5)))) as predictor:
        yield predictor


@pytest.fixture(scope="module")
def transformer(config, restorer, vocoder):
    ports = (free_port(), free_port())
    command = [sys.executable, "-m", "transformer", "--toolchain", "voicefixer"]
    command += ["--config", str(config), "--predictor_host", vocoder.url.removeprefix("http://")]
    command += ["--http_port", str(ports[0]), "--grpc_port", str(ports[1])]
    settings = {"SPEECH_ATTEMPTS": str(ATTEMPTS), "SPEECH_CACHE_MB": "0"}
    settings["SPEECH_PREDICTOR_URLS"] = f'{{"restorer": "{restorer.url}"}}'
    settings["SPEECH_BREAKER_THRESHOLD"] = "1000"  # circuits have a test of their own
    log = config.parent / "transformer.log"
    with running(command, log, ports, **settings) as server:
        server.wait_until_ready("voicefixer")
        yield server


@pytest.fixture
async def http(config, transformer, restorer, vocoder):
    restorer.behave()
    vocoder.behave()
    async with PublicApi(config, transformer.url) as http:
        yield http


class PublicApi:
    """A public application that finds the toolchain at `url`."""

    def __init__(self, config, url):
        settings = ConnectionSettings(toolchain_url_template=url, cache_mb=0, attempts=ATTEMPTS)
        self._catalog = Catalog(load_config(config))
        self._link = HttpConnection(settings, self._catalog)

    async def __aenter__(self):
        app = create_app(Settings(), await self._link.__aenter__(), self._catalog)
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://api", timeout=60)
        return self.http

    async def __aexit__(self, *exc):
        await self.http.aclose()
        await self._link.__aexit__(*exc)


async def restore(http, timeout_s=20):
    body = {"model": "voicefixer", "source_audio": base64.b64encode(CLIP).decode()}
    headers = {"x-speech-timeout-ms": str(int(timeout_s * 1000))}
    return await http.post(CONVERT, json=body, headers=headers)


async def test_a_healthy_chain_works_once_at_each_model(http, restorer, vocoder):
    answer = await restore(http)
    assert answer.status_code == 200, answer.text
    assert (restorer.inferences, vocoder.inferences) == (1, 1)


@pytest.mark.parametrize(
    ("behaviour", "status", "inferences"),
    [
        (ModelFailed("this request failed"), 500, 1),
        (InvalidRequest("too short"), 400, 1),
        (QueueFull("full"), 429, 1),
        (DIE, 503, 1),
        (ModelNotReady("loading"), 503, ATTEMPTS),
    ],
    ids=["failed", "invalid", "queue full", "dies at work", "not ready"],
)
@pytest.mark.parametrize("hop", ["restorer", "vocoder"])
async def test_errors_are_retried_at_the_last_hop_only(
    http, restorer, vocoder, hop, behaviour, status, inferences
):
    failing = restorer if hop == "restorer" else vocoder
    failing.behaviour = behaviour
    answer = await restore(http)
    assert answer.status_code == status, answer.text
    assert failing.inferences == inferences
    if failing is vocoder:
        assert restorer.inferences == 1


async def test_a_predictor_that_hangs_costs_one_inference_and_the_deadline(http, vocoder):
    vocoder.behaviour = HANG
    answer = await restore(http, timeout_s=1)
    assert answer.status_code == 504
    assert vocoder.inferences == 1


async def test_a_model_that_becomes_ready_meanwhile_is_not_noticed(http, vocoder):
    vocoder.behaviour = ModelNotReady("loading")
    asked = asyncio.create_task(restore(http))
    await asyncio.to_thread(vocoder.asked.wait, 10)
    vocoder.behaviour = vocoder.output
    answer = await asked
    assert answer.status_code == 200, answer.text


async def test_a_transformer_that_is_not_there_is_told_and_nothing_works(config, restorer):
    restorer.behave()
    async with PublicApi(config, f"http://127.0.0.1:{free_port()}") as http:
        answer = await restore(http)
    assert answer.status_code == 503
    assert restorer.inferences == 0


async def test_one_failing_conversion_leaves_the_model_open_to_everybody(http, vocoder):
    vocoder.behaviour = ModelFailed("poison")
    for _ in range(8):
        assert (await restore(http)).status_code == 500
    vocoder.behaviour = vocoder.output
    assert (await restore(http)).status_code == 200
    assert vocoder.inferences == 9


async def test_a_killed_predictor_that_is_back_is_asked_at_once(config):
    port = free_port()
    settings = ConnectionSettings(
        predictor_urls={"restorer": f"http://127.0.0.1:{port}"}, cache_mb=0, breaker_threshold=2
    )
    catalog = Catalog(load_config(config))
    link = HttpConnection(settings, catalog)
    restored = ScriptedPredictor(RestoreOutput(np.zeros((128, 60), np.float32)))
    async with link as client:
        for _ in range(3):
            assert not await is_answered(client)
        with serving(restored, port):
            for _ in range(100):
                if await is_answered(client):
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("ready for 5 s and still refused, as if the circuit's 30 s held")


async def is_answered(client):
    try:
        await client.call("restorer", RestoreInput(tone(0.2)), RequestContext().within(10))
    except Unavailable:
        return False
    return True
