"""A toolchain as its callers see it: a KServe model server whose predictors are elsewhere."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import yaml
from fake_kubernetes_api import FakeKubernetesApi, inference_service, kubeconfig, serving
from served import Server, free_port, running
from tiny_chain import __file__ as tiny_chain_file
from tiny_chain import chain_config
from tiny_models import LETTER_S, SAMPLE_RATE, letter_hz, tones

from contract.audio.codec import Audio, read_wav, wav_bytes
from contract.context import RequestContext
from contract.errors import InvalidRequest, Unroutable
from contract.tasks import AudioOutput, EmbedSpeakerInput, RestoreAudioInput, SpeakInput
from transport.client.http import HttpClient

TOOLCHAIN = "openvoice_v2"
REFERENCE = Audio(tones([letter_hz(one) for one in "reference"], LETTER_S), SAMPLE_RATE)
CLONING = SpeakInput(
    text="hello", mode="voice_cloning", language="EN", voice="default", reference_audio=REFERENCE
)


@pytest.fixture(scope="module")
def predictors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    ports = (free_port(), free_port())
    command = [sys.executable, tiny_chain_file, *map(str, ports)]
    log = tmp_path_factory.mktemp("predictors") / "log"
    with running(command, log, ports) as server:
        for entry in chain_config().model_configs:
            server.wait_until_ready(entry.name)
        yield server


@pytest.fixture(scope="module")
def transformer(predictors: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """As KServe starts it: with flags of its own appended."""
    folder: Path = tmp_path_factory.mktemp("transformer")
    config = folder / "config.yml"
    config.write_text(yaml.safe_dump(json.loads(chain_config().model_dump_json())))
    ports = (free_port(), free_port())
    command = [sys.executable, "-m", "transformer", "--toolchain", TOOLCHAIN]
    command += ["--config", str(config), "--http_port", str(ports[0]), "--grpc_port", str(ports[1])]
    command += ["--predictor_host", f"127.0.0.1:{predictors.http_port}", "--model_name", "x"]
    environment = {"SPEECH_PREDICTOR_URL_TEMPLATE": predictors.url}
    with running(command, folder / "log", ports, **environment) as server:
        server.wait_until_ready(TOOLCHAIN)
        yield server


@pytest.fixture
async def client(transformer: Server):
    async with httpx.AsyncClient() as http:
        yield HttpClient(lambda _: transformer.url, http)


async def test_a_voice_is_cloned_over_http_and_every_step_is_reported(client):
    context = RequestContext()
    output = await client.call(TOOLCHAIN, CLONING, context)
    assert output.audio.duration_s == pytest.approx(len("hello") * LETTER_S, abs=0.02)
    assert {step.step for step in context.trace.steps} == {
        "fasterwhisper",
        "openvoicev2toneconverterencoder",
        "melottssynthesizer",
        "openvoicev2toneconverter",
    }
    assert context.trace.statuses[-1] == "FINISHED_STOPPED"


async def test_the_embedding_of_a_voice_can_be_used_instead_of_the_recording(client):
    embedded = await client.call(TOOLCHAIN, EmbedSpeakerInput(audio=REFERENCE), RequestContext())
    assert embedded.embedding.family == "openvoice_v2"
    spoken = SpeakInput(
        text="hello", mode="voice_cloning", language="EN", embedding=embedded.embedding
    )
    twice = await client.call(TOOLCHAIN, spoken, RequestContext())
    once = await client.call(TOOLCHAIN, CLONING, RequestContext())
    np.testing.assert_allclose(twice.audio.samples, once.audio.samples, atol=1e-3)


async def test_v1_gives_the_same_audio_as_v2(client, transformer):
    instance = {
        "text": "hello",
        "mode": "voice_cloning",
        "language": "EN",
        "voice": "default",
        "reference_audio": base64.b64encode(wav_bytes(REFERENCE)).decode(),
    }
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{transformer.url}/v1/models/{TOOLCHAIN}:predict", json={"instances": [instance]}
        )
    (prediction,) = answer.json()["predictions"]
    by_v1 = read_wav(base64.b64decode(prediction["audio"]))
    by_v2 = await client.call(TOOLCHAIN, CLONING, RequestContext())
    np.testing.assert_array_equal(by_v1.samples, by_v2.audio.samples)
    assert prediction["text"] == "hello"


async def test_what_cannot_be_routed_says_what_is_missing(client):
    request = SpeakInput(text="hello", mode="voice_cloning", language="EN")
    with pytest.raises(Unroutable, match="reference_audio or embedding"):
        await client.call(TOOLCHAIN, request, RequestContext())


async def test_a_task_of_another_toolchain_is_refused(client):
    with pytest.raises(InvalidRequest, match="task must be one of"):
        await client.call(TOOLCHAIN, RestoreAudioInput(audio=REFERENCE), RequestContext())


async def test_metadata_tells_every_task(transformer):
    async with httpx.AsyncClient() as http:
        metadata = (await http.get(f"{transformer.url}/v2/models/{TOOLCHAIN}")).json()
    assert [one["task"] for one in metadata["tasks"]] == ["speak", "embed_speaker", "convert_voice"]
    assert "text" in {tensor["name"] for tensor in metadata["inputs"]}


async def test_predictors_that_are_deployed_later_are_found(
    predictors: Server, tmp_path: Path
) -> None:
    """The file knows the toolchain's own predictor only; the others appear in the cluster."""
    entries = {entry.model_type: entry for entry in chain_config().model_configs}
    own = entries["OpenVoiceV2ToneConverter"].model_dump(mode="json")
    config = tmp_path / "config.yml"
    config.write_text(yaml.safe_dump({"model_configs": [own]}))
    ports = (free_port(), free_port())
    command = [sys.executable, "-m", "transformer", "--toolchain", TOOLCHAIN]
    command += ["--config", str(config), "--http_port", str(ports[0]), "--grpc_port", str(ports[1])]
    command += ["--predictor_host", f"127.0.0.1:{predictors.http_port}"]
    with serving(FakeKubernetesApi()) as api:
        environment = {
            "SPEECH_DISCOVERY": "kubernetes",
            "SPEECH_KUBECONFIG": str(kubeconfig(api, tmp_path)),
        }
        with running(command, tmp_path / "log", ports, **environment) as server:
            server.wait_until_ready(TOOLCHAIN)
            async with httpx.AsyncClient() as http:
                client = HttpClient(lambda _: server.url, http)
                with pytest.raises(Unroutable, match="no FasterWhisper or SileroVAD"):
                    await client.call(TOOLCHAIN, CLONING, RequestContext())
                await asyncio.to_thread(_deploy_all, api, predictors.url)
                output = await _once_routable(client)
    assert output.audio.duration_s == pytest.approx(len("hello") * LETTER_S, abs=0.02)


def _deploy_all(api: FakeKubernetesApi, url: str) -> None:
    for entry in chain_config().model_configs:
        annotations = {"harmony-speech/model-config": entry.model_dump_json()}
        service = inference_service(
            entry.name, entry.model_type, address=url, annotations=annotations
        )
        api.put(service)
    api.until("watch", 1, timeout_s=60)


async def _once_routable(client: HttpClient) -> AudioOutput:
    async with asyncio.timeout(30):
        while True:
            try:
                return await client.call(TOOLCHAIN, CLONING, RequestContext())
            except Unroutable:
                await asyncio.sleep(0.1)
