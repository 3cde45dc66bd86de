"""The chart's manifests at work: every container runs as its manifest says, as a local process.

A gateway plays Knative (benchmarks/activator.py): pods start when they are asked for, and nobody
but it knows where they are. The ingress is reached by its Service's port.
"""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import jiwer
import numpy as np
import openai
import pytest
import tiny_image
from chart import Object, render
from chart_pods import INGRESS, Cluster, await_probe, is_answered, running_chart
from helm_values import of_kind
from rendered_pods import GRPC_PORT, PodTemplate
from served import ROOT

from benchmarks.activator import Pod, Revision
from contract.audio.codec import read_wav
from transport.decoding.reading import decode
from transport.kserve.sdk import model_server  # noqa: F401  # first: the SDK reads sys.argv

from kserve import InferenceGRPCClient, InferInput, InferRequest  # isort: skip

pytestmark = pytest.mark.weights
VALUES = ROOT / "tests" / "data" / "pods-values.yaml"
RECORDING = (ROOT / "tests" / "data" / "jfk.flac").read_bytes()
RECORDING_WORDS = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)
KEY = "a-key-of-the-secret"
SECRET = {"keys": f"another-key\n{KEY}\n"}
SPEECH = "The quick brown fox jumps over the lazy dog, and then it goes home for supper."


@pytest.fixture(scope="module")
def objects() -> list[Object]:
    """What Helm renders, and the Secret that the operator made."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "speech-api-keys"},
        "stringData": SECRET,
    }
    return [*render(VALUES, with_tests=True), secret]


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plugin package and the record of its entry point, as pip leaves them."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "tests/data/plugin/speech_beeps", folder / "speech_beeps")
    record = folder / "speech_beeps-1.0.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: speech-beeps\nVersion: 1.0.0\n")
    (record / "entry_points.txt").write_text(
        "[harmony_speech.model_types]\nBeepSynthesizer = speech_beeps:BeepSynthesizer\n"
    )
    return folder


@pytest.fixture(scope="module")
def cluster(
    objects: list[Object], plugins: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    images = {"tiny": [sys.executable, tiny_image.__file__]}
    packages = (plugins, ROOT / "tests" / "support")
    folder = tmp_path_factory.mktemp("node")
    with running_chart(objects, folder, images, packages) as running:
        yield running


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{cluster.url}/v1", api_key=KEY, timeout=120, max_retries=0
    ) as made:
        yield made


@pytest.fixture
async def api(cluster: Cluster):
    headers = {"api-key": KEY}
    async with httpx.AsyncClient(base_url=cluster.url, headers=headers, timeout=120) as http:
        yield http


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


# The pods -----------------------------------------------------------------------------------


def test_every_pod_of_the_chart_is_here(cluster):
    """One service per enabled model, its host as the ingress spells it, ingress and toolchain."""
    assert set(cluster.activator.revisions) == {
        INGRESS,
        "openvoice-v2-encoder-predictor",
        "openvoice-v2-predictor",
        "openvoice-v2-transformer",
        "piper-en-predictor",
        "silero-vad-predictor",
        "tiny-melo-predictor",
        "tones-predictor",
        "whisper-tiny-en-predictor",
    }


def test_nothing_runs_before_it_is_asked_for_and_listing_wakes_nobody(cluster, client):
    listed = {model.id for model in client.models.list()}
    assert {"whisper-1", "tts-1", "piper-en", "openvoice_v2", "tones"} <= listed
    assert not any(cluster.started.values())


# OpenAI, HSE, V2 ----------------------------------------------------------------------------


def test_what_is_spoken_is_heard_again(client):
    spoken = client.audio.speech.create(model="tts-1", voice="alloy", input=SPEECH).read()
    assert 3 < decode(spoken, max_bytes=1 << 24, max_seconds=60).duration_s < 10
    heard = client.audio.transcriptions.create(model="whisper-1", file=("speech.mp3", spoken))
    assert jiwer.wer(words(SPEECH), words(heard.text)) < 0.15


def test_helm_test_speaks_and_listens(cluster):
    """As rendered: its key comes from the Secret, its script from the ConfigMap."""
    pod = next(one for one in of_kind(cluster.objects, "Pod").values())
    container = {**pod["spec"]["containers"][0], "ports": [{"containerPort": 1}]}
    template = PodTemplate("helm-test", {**pod["spec"], "containers": [container]})
    ran = cluster.node.start(template)
    assert ran.process.wait(timeout=60) == 0, ran.log
    assert ran.log.endswith("OK\n")


def test_a_plugin_speaks_through_the_door(client):
    beep = client.audio.speech.create(
        model="tones", voice="alloy", input="beep", response_format="wav"
    )
    assert read_wav(beep.read()).duration_s == pytest.approx(0.4, abs=0.01)


async def test_hse_clones_a_voice_and_four_sleeping_predictors_wake_at_once(cluster, api):
    """One of them loads for longer than our connect timeout; the activator holds what waits."""
    body = {
        "model": "openvoice_v2",
        "mode": "voice_cloning",
        "input": "hello",
        "language": "EN",
        "input_audio": base64.b64encode(RECORDING).decode(),
    }
    answer = await api.post("/v1/audio/speech", json=body, headers={"x-speech-steps": "1"})
    assert answer.status_code == 200, answer.text
    audio = read_wav(base64.b64decode(answer.json()["data"]))
    assert audio.duration_s == pytest.approx(0.25, abs=0.05)
    assert 0.05 < np.abs(audio.samples).max() <= 1
    hosts = ("silero-vad", "openvoice-v2-encoder", "tiny-melo", "openvoice-v2")
    asked = [cluster.revision(f"{host}-predictor").first_asked_s for host in hosts]
    assert None not in asked
    assert max(asked) - min(asked) < 1.0  # in turns they would be a cold start apart


async def test_hse_finds_speech_and_embeds_a_voice(api):
    recording = base64.b64encode(RECORDING).decode()
    found = await api.post(
        "/v1/audio/vad",
        json={"model": "silero-vad", "input_audio": recording, "get_timestamps": True},
    )
    assert found.json()["speech_activity"] is True
    made = await api.post(
        "/v1/embed/speaker", json={"model": "openvoice_v2", "input_audio": recording}
    )
    assert made.status_code == 200, made.text
    assert made.json()["data"]


async def test_v2_on_a_predictor_over_rest_and_grpc(cluster):
    host, model = "whisper-tiny-en-predictor", "whisper-tiny-en"
    tensor = {
        "name": "audio",
        "datatype": "BYTES",
        "shape": [1],
        "data": [base64.b64encode(RECORDING).decode()],
    }
    url = f"{cluster.node.gateway}/{host}.harmony-speech/v2/models/{model}"
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.post(f"{url}/infer", json={"inputs": [tensor]})
        described = (await http.get(url)).json()
    outputs = {one["name"]: one["data"] for one in answer.json()["outputs"]}
    assert jiwer.wer(RECORDING_WORDS, words(outputs["text"][0])) < 0.05
    assert described["tasks"][0]["task"] == "transcribe"
    audio = InferInput("audio", [1], "BYTES")
    audio._raw_data = len(RECORDING).to_bytes(4, "little") + RECORDING
    grpc = InferenceGRPCClient(f"127.0.0.1:{cluster.pod(host).ports[GRPC_PORT]}", timeout=60)
    try:
        over_grpc = await grpc.infer(InferRequest(model, [audio]))
    finally:
        await grpc.close()
    (text,) = over_grpc.get_output_by_name("text").as_numpy()
    assert (text.decode() if isinstance(text, bytes) else text) == outputs["text"][0]


def test_pods_that_ran_are_alive_by_their_own_probes(cluster):
    ran = [pods[-1] for pods in cluster.started.values() if pods]
    assert len(ran) == len(cluster.activator.revisions) - 1  # all but the ingress, started apart
    for pod in (*ran, cluster.ingress):
        assert is_answered(pod.probe_url("livenessProbe")), pod.log
        assert is_answered(pod.probe_url("readinessProbe")), pod.log


# The key ------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer another-key-not"}])
def test_without_a_key_of_the_secret_nobody_gets_in(cluster, headers):
    answer = httpx.get(f"{cluster.url}/v1/models", headers=headers)
    assert answer.status_code == 401
    assert KEY not in answer.text


def test_every_line_of_the_secret_is_a_key(cluster):
    headers = {"authorization": "Bearer another-key"}
    assert httpx.get(f"{cluster.url}/v1/models", headers=headers).status_code == 200


# Death and drain under load -----------------------------------------------------------------


async def speak(api: httpx.AsyncClient, text: str) -> httpx.Response:
    """Every text once: the ingress keeps answers."""
    body = {"model": "piper-en", "input": text, "voice": "joe", "response_format": "wav"}
    return await api.post("/v1/audio/speech", json=body)


def sentence(number: int, kind: str) -> str:
    return f"Sentence {number} of the {kind}."


async def test_a_predictor_that_is_killed_under_load_is_a_clear_503_and_comes_back(cluster, api):
    await speak(api, "Are you awake?")
    piper = cluster.revision("piper-en-predictor")
    load = [asyncio.create_task(speak(api, sentence(n, "kill"))) for n in range(8)]
    await _until_busy(piper.pods[0])
    cluster.pod("piper-en-predictor").process.kill()
    load += [asyncio.create_task(speak(api, sentence(n, "kill"))) for n in range(8, 10)]
    answers = await asyncio.wait_for(asyncio.gather(*load), 60)
    for answer in answers:
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            codes = ("unavailable", "not_reached", "connection_lost", "circuit_open")
            assert answer.json()["error"]["code"] in codes
            assert "piper-en" in answer.json()["error"]["message"]
    assert any(answer.status_code == 503 for answer in answers)  # or nothing was killed
    again = await _until_answered(api, "And now you are back.")
    assert read_wav(again.content).duration_s > 0.5
    assert len(cluster.started["piper-en-predictor"]) == 2


async def _until_answered(api: httpx.AsyncClient, text: str) -> httpx.Response:
    """As a client that minds Retry-After."""
    for _ in range(10):
        answer = await speak(api, text)
        if answer.status_code != 503:
            break
        await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_replica_that_is_drained_under_load_loses_nothing(cluster, api):
    piper = cluster.revision("piper-en-predictor")
    second = await asyncio.to_thread(_scaled_up, cluster, piper)
    load = [asyncio.create_task(speak(api, sentence(n, "drain"))) for n in range(8)]
    await _until_busy(second)
    piper.pods.remove(second)  # the endpoint goes when the pod is asked to end, not before
    second.process.send_signal(signal.SIGTERM)
    load += [asyncio.create_task(speak(api, sentence(n, "drain"))) for n in range(8, 10)]
    answers = await asyncio.wait_for(asyncio.gather(*load), 60)
    assert [answer.status_code for answer in answers] == [200] * 10, [
        a.text for a in answers if a.status_code != 200
    ]
    assert await asyncio.to_thread(second.process.wait, 30) == 0
    assert "Traceback" not in cluster.pod("piper-en-predictor").log


async def _until_busy(pod: Pod) -> None:
    for _ in range(1000):
        if pod.under_way:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no request reached the pod")


def _scaled_up(cluster: Cluster, scaled: Revision) -> Pod:
    """The second pod of a service, once it is ready."""
    known = set(scaled.pods)
    scaled.pods += (pod := scaled.start(),)
    await_probe(cluster.pod("piper-en-predictor"), "readinessProbe")
    pod.is_ready = True
    assert pod not in known
    return pod


async def test_the_last_replica_drains_and_the_next_request_starts_another(cluster, api):
    piper = cluster.revision("piper-en-predictor")
    (last,) = piper.pods
    load = [asyncio.create_task(speak(api, sentence(n, "nap"))) for n in range(6)]
    await _until_busy(last)
    piper.pods.remove(last)
    last.process.send_signal(signal.SIGTERM)
    load.append(asyncio.create_task(speak(api, sentence(6, "nap"))))
    answers = await asyncio.wait_for(asyncio.gather(*load), 90)
    assert [answer.status_code for answer in answers] == [200] * 7
    assert await asyncio.to_thread(last.process.wait, 30) == 0


async def test_the_ingress_drains(cluster, api):
    """Last, for it ends the ingress: requests under way are answered, then the process ends."""
    load = [asyncio.create_task(speak(api, sentence(n, "end"))) for n in range(4)]
    await _until_busy(cluster.revision("piper-en-predictor").pods[0])
    cluster.ingress.process.send_signal(signal.SIGTERM)
    answers = await asyncio.wait_for(asyncio.gather(*load), 60)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert await asyncio.to_thread(cluster.ingress.process.wait, 30) == 0
