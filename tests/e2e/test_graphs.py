"""Every InferenceGraph of the chart, run by a router that keeps KServe's rules.

The predictors are processes that speak HTTP; the addresses of the rendered steps are mapped to
them. What the graph answers to an instance is what the transformer answers to the same instance.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import yaml
from chart import CHART, Object, render
from graph_router import GraphRouter
from graph_rules import NO_GRAPH
from helm_values import of_kind, services
from http_threads import serving
from served import Server, free_port, running
from tiny_chain import __file__ as tiny_chain_file
from tiny_models import LETTER_S, SAMPLE_RATE, letter_hz, tones
from wire_reading import input_from_instance, output_from_instance

from contract.audio.codec import Audio, wav_bytes
from contract.catalog import Catalog
from contract.config import parse_config
from contract.context import RequestContext
from contract.errors import SpeechError
from contract.tasks import INPUTS, Task
from contract.toolchains import TOOLCHAINS
from transformer.engine import ToolchainEngine
from transport.client.http import HttpClient

Instance = dict[str, Any]
Graphs = dict[str, tuple[GraphRouter, str]]


def recording(word: str) -> str:
    audio = Audio(tones([letter_hz(letter) for letter in word], LETTER_S), SAMPLE_RATE)
    return base64.b64encode(wav_bytes(audio)).decode()


VOICE, SOURCE = recording("a voice to clone"), recording("what is to be said")
TEXT = {"text": "hello there"}
CLONE = {**TEXT, "mode": "voice_cloning", "reference_audio": VOICE, "language": "EN"}
EMBED = {"task": "embed_speaker", "reference_audio": VOICE}


@pytest.fixture(scope="module")
def objects() -> list[Object]:
    return render(CHART / "ci" / "toolchains-values.yaml")


@pytest.fixture(scope="module")
def config(objects: list[Object]) -> str:
    (text,) = (
        one["data"]["config.yml"]
        for one in of_kind(objects, "ConfigMap").values()
        if "config.yml" in one["data"]
    )
    return text


@pytest.fixture(scope="module")
def predictors(config: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("graphs")
    (folder / "config.yml").write_text(config)
    ports = (free_port(), free_port())
    command = [sys.executable, tiny_chain_file, *map(str, ports), str(folder / "config.yml")]
    with running(command, folder / "log", ports) as server:
        for entry in yaml.safe_load(config)["model_configs"]:
            server.wait_until_ready(entry["name"])
        yield server


@pytest.fixture(scope="module")
def graphs(objects: list[Object], predictors: Server) -> Iterator[Graphs]:
    """Router and address of every graph, by toolchain."""
    resolve = _cluster_dns(objects, predictors)
    with ExitStack() as stack:
        found = {}
        for graph in of_kind(objects, "InferenceGraph").values():
            router = GraphRouter(graph["spec"], resolve)
            name = graph["metadata"]["labels"]["harmony-speech/toolchain"]
            found[name] = (router, stack.enter_context(serving(router)))
        yield found


def _cluster_dns(objects: list[Object], predictors: Server) -> Callable[[str], str]:
    known = {
        f"{name}-predictor.harmony-speech.svc.cluster.local": one
        for name, one in services(objects).items()
    }

    def resolve(url: str) -> str:
        """A service answers for its own model only, as in the cluster."""
        parts = urlsplit(url)
        assert parts.hostname in known, f"no such host: {parts.hostname}"
        model = known[parts.hostname]["metadata"]["labels"]["harmony-speech/model"]
        assert parts.path == f"/v1/models/{model}:predict"
        return f"{predictors.url}{parts.path}"

    return resolve


@pytest.fixture
async def transformer(config: str, predictors: Server):
    """Runs an instance through the transformer's engine, over HTTP to the same predictors."""
    catalog = Catalog(parse_config(config))
    async with httpx.AsyncClient() as http:
        client = HttpClient(lambda _: predictors.url, http)

        async def run(toolchain: str, instance: Instance) -> Any:
            engine = ToolchainEngine(toolchain, client, lambda: catalog.current)
            task = Task(instance.get("task", engine.tasks[0]))
            return await engine.submit(input_from_instance(task, instance), RequestContext())

        yield run


async def answered(graphs: Graphs, toolchain: str, *instances: Instance) -> httpx.Response:
    """A graph takes any path and drops it."""
    router, url = graphs[toolchain]
    router.called.clear()
    async with httpx.AsyncClient(timeout=30) as http:
        return await http.post(url, json={"instances": instances})


def called(graphs: Graphs, toolchain: str) -> list[str]:
    urls = graphs[toolchain][0].called
    return [url.rpartition("/")[2].removesuffix(":predict") for url in urls]


async def embedding_of(graphs: Graphs, toolchain: str) -> str:
    answer = await answered(graphs, toolchain, EMBED)
    return answer.json()["predictions"][0]["embedding"]


CASES: dict[str, tuple[str, Instance]] = {
    "harmonyspeech, a recording": ("harmonyspeech", CLONE),
    "harmonyspeech, parameters": (
        "harmonyspeech",
        {**CLONE, "speed": 1.5, "pitch": 1.2, "energy": 0.8},
    ),
    "openvoice_v1, a recording": ("openvoice_v1", CLONE),
    "openvoice_v1, Chinese": ("openvoice_v1", {**CLONE, "language": "ZH"}),
    "openvoice_v1, no language": ("openvoice_v1", {**CLONE, "language": None}),
    "openvoice_v2, a recording": ("openvoice_v2", CLONE),
    "openvoice_v2, known segments": (
        "openvoice_v2",
        {**CLONE, "segments": [{"start": 0.1, "end": 0.4}]},
    ),
    "openvoice_v2, preset voice": ("openvoice_v2", {**TEXT, "speed": 0.5}),
    "openvoice_v2, conversion": (
        "openvoice_v2",
        {"task": "convert_voice", "audio": SOURCE, "target_audio": VOICE},
    ),
    "voicefixer": ("voicefixer", {"audio": SOURCE}),
}


@pytest.mark.parametrize(("toolchain", "instance"), CASES.values(), ids=CASES)
async def test_a_graph_gives_the_audio_of_the_transformer(toolchain, instance, graphs, transformer):
    answer = await answered(graphs, toolchain, instance)
    assert answer.status_code == 200, answer.text
    expected = await transformer(toolchain, instance)
    _same(answer.json()["predictions"][0], expected)


@pytest.mark.parametrize("toolchain", ["harmonyspeech", "openvoice_v1", "openvoice_v2"])
async def test_an_embedding_instead_of_the_recording(toolchain, graphs, transformer):
    instance = {**TEXT, "mode": "voice_cloning", "embedding": await embedding_of(graphs, toolchain)}
    answer = await answered(graphs, toolchain, instance)
    assert answer.status_code == 200, answer.text
    assert not any("encoder" in name or "vad" in name for name in called(graphs, toolchain))
    _same(answer.json()["predictions"][0], await transformer(toolchain, instance))


@pytest.mark.parametrize("toolchain", ["harmonyspeech", "openvoice_v1", "openvoice_v2"])
async def test_a_voice_is_embedded_without_speaking(toolchain, graphs, transformer):
    answer = await answered(graphs, toolchain, EMBED)
    expected = await transformer(toolchain, EMBED)
    output = output_from_instance(
        INPUTS[Task.EMBED_SPEAKER].output, answer.json()["predictions"][0]
    )
    assert output.embedding.family == toolchain  # type: ignore[attr-defined]
    np.testing.assert_array_equal(output.embedding.vector, expected.embedding.vector)  # type: ignore[attr-defined]


def _same(prediction: Instance, expected: Any) -> None:
    output = output_from_instance(type(expected), prediction)
    heard, wanted = output.audio.samples, expected.audio.samples  # type: ignore[attr-defined]
    assert np.abs(wanted).max() > 0.05
    np.testing.assert_allclose(heard, wanted, atol=2e-3)  # 16-bit audio between the steps


async def test_every_step_of_every_graph_was_a_real_call(graphs):
    """Cases above cover every predictor that any graph names."""
    assert set(graphs) == set(TOOLCHAINS) - set(NO_GRAPH)
    seen: set[str] = set()
    for toolchain, instance in CASES.values():
        assert (await answered(graphs, toolchain, instance)).status_code == 200
        seen |= set(called(graphs, toolchain))
    for router, _ in graphs.values():
        for node in router.spec["nodes"].values():
            urls = {step["serviceUrl"] for step in node["steps"] if "serviceUrl" in step}
            assert {url.rpartition("/")[2].removesuffix(":predict") for url in urls} <= seen


async def test_two_instances_of_one_kind_travel_together(graphs):
    one, two = {**CLONE, "text": "one"}, {**CLONE, "text": "twice as long"}
    answer = await answered(graphs, "openvoice_v2", one, two)
    kind = INPUTS[Task.SYNTHESIZE].output
    made = [output_from_instance(kind, each) for each in answer.json()["predictions"]]
    lengths = [each.audio.duration_s for each in made]  # type: ignore[attr-defined]
    assert lengths == pytest.approx([3 * LETTER_S, 13 * LETTER_S], abs=0.02)


async def test_nothing_but_the_instance_reaches_the_predictors_and_nothing_else_comes_back(graphs):
    answer = await answered(graphs, "openvoice_v2", {**CLONE, "note": "ours"})
    (prediction,) = answer.json()["predictions"]
    assert prediction["note"] == "ours"
    assert "x-request-id" not in answer.headers
    assert sorted(prediction["produced"])[:2] == ["audio", "duration_s"]


ERRORS: dict[str, tuple[str, Instance, str]] = {
    "no recording": ("openvoice_v2", {**TEXT, "mode": "voice_cloning"}, "audio"),
    "no text": ("openvoice_v2", {"reference_audio": VOICE}, "text"),
    "a language nobody speaks": ("openvoice_v1", {**CLONE, "language": "KR"}, "speaks EN"),
    "a recording that is none": ("harmonyspeech", {**CLONE, "reference_audio": "AAAA"}, "audio"),
    "nothing to restore": ("voicefixer", {}, "audio"),
    "a wrong parameter": ("openvoice_v2", {**CLONE, "speed": 99}, "speed"),
}


@pytest.mark.parametrize(("toolchain", "instance", "words"), ERRORS.values(), ids=ERRORS)
async def test_a_step_that_refuses_ends_the_graph_with_its_words(
    toolchain, instance, words, graphs
):
    answer = await answered(graphs, toolchain, instance)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]
    with pytest.raises(SpeechError):
        output_from_instance(INPUTS[Task.SYNTHESIZE].output, answer.json())


async def test_an_embedding_of_another_family_is_refused_by_the_last_step(graphs):
    embedding = await embedding_of(graphs, "harmonyspeech")
    answer = await answered(graphs, "openvoice_v2", {**TEXT, "embedding": embedding})
    assert answer.status_code == 400
    assert "openvoice_v2" in answer.json()["error"]


async def test_a_body_that_is_no_json_matches_nothing(graphs):
    _, url = graphs["openvoice_v2"]
    async with httpx.AsyncClient() as http:
        answer = await http.put(f"{url}/any/path", content=b"RIFF")
    assert answer.status_code == 404
    assert "None of the routes matched" in answer.json()["cause"]


async def test_a_step_that_nobody_serves_is_the_router_s_500(graphs):
    router, _ = graphs["voicefixer"]
    deaf = GraphRouter(router.spec, lambda _: f"http://127.0.0.1:{free_port()}/")
    with serving(deaf) as url:
        async with httpx.AsyncClient() as http:
            answer = await http.post(url, json={"instances": [{"audio": SOURCE}]})
    assert answer.status_code == 500
    assert answer.json()["error"] == "Failed to process request"
    assert len(deaf.called) == 1
