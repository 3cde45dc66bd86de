"""Toolchains as InferenceGraphs: the same steps as the transformers, in the order they need."""

import json

import pytest
from chart import render
from graph_router import exists
from graph_rules import NO_GRAPH
from helm_values import of_kind, services

from contract.toolchains import TOOLCHAINS


def _graph(objects, name):
    return of_kind(objects, "InferenceGraph")[name]["spec"]["nodes"]


def _models(nodes):
    """Every predictor that a graph calls."""
    urls = [step.get("serviceUrl", "") for node in nodes.values() for step in node["steps"]]
    return {url.rpartition("/")[2].removesuffix(":predict") for url in urls if url}


@pytest.mark.parametrize("toolchain", [one for one in TOOLCHAINS if one not in NO_GRAPH])
def test_a_graph_calls_a_model_for_every_need(toolchain, rendered) -> None:
    objects = rendered("toolchains")
    called = _models(_graph(objects, f"{toolchain.replace('_', '-')}-graph"))
    types = {
        one["metadata"]["labels"]["harmony-speech/model"]: one["metadata"]["labels"][
            "harmony-speech/model-type"
        ]
        for one in services(objects).values()
    }
    for needs in TOOLCHAINS[toolchain].needs.values():
        for alternatives in needs:
            assert {types[name] for name in called} & set(alternatives)


def test_a_graph_calls_predictors_where_they_are(rendered) -> None:
    objects = rendered("toolchains")
    for graph in of_kind(objects, "InferenceGraph").values():
        for node in graph["spec"]["nodes"].values():
            for step in node["steps"]:
                if "serviceUrl" in step:
                    host = step["serviceUrl"].removeprefix("http://").partition(".")[0]
                    assert host.removesuffix("-predictor") in services(objects)


def test_cloning_embeds_and_speaks_side_by_side_and_then_converts(rendered) -> None:
    nodes = _graph(rendered("toolchains"), "openvoice-v2-graph")
    assert nodes["clone"]["routerType"] == "Sequence"
    assert [step["name"] for step in nodes["clone"]["steps"]] == ["branches", "convert"]
    assert nodes["branches"]["routerType"] == "Ensemble"
    assert [step["nodeName"] for step in nodes["branches"]["steps"]] == ["voice", "speech"]
    assert [step["name"] for step in nodes["find-and-embed"]["steps"]] == ["detect-speech", "embed"]
    assert nodes["clone"]["steps"][1]["data"] == "$response"


@pytest.mark.parametrize(
    ("instance", "node"),
    [
        ({"text": "a", "reference_audio": "UklG"}, "clone"),
        ({"text": "a", "reference_audio": None, "embedding": "x"}, "known-voice"),
        ({"text": "a", "mode": "voice_cloning"}, "clone"),
        ({"text": "a"}, "speech"),
        ({"task": "embed_speaker", "reference_audio": "UklG"}, "voice"),
        ({"task": "convert_voice", "audio": "UklG", "target_audio": "UklG"}, "convert"),
    ],
)
def test_what_the_instance_holds_decides_what_is_done(instance, node, rendered) -> None:
    steps = _graph(rendered("toolchains"), "openvoice-v2-graph")["root"]["steps"]
    assert _taken(instance, steps)["nodeName"] == node


def test_the_last_model_is_called_past_its_transformer(rendered) -> None:
    """The toolchain's own address would run the whole chain again."""
    step = _graph(rendered("toolchains"), "openvoice-v2-graph")["clone"]["steps"][1]
    host = "openvoice-v2-predictor.harmony-speech.svc.cluster.local"
    assert step["serviceUrl"] == f"http://{host}/v1/models/openvoice-v2-converter:predict"


@pytest.mark.parametrize(
    ("instance", "model"),
    [
        ({"language": "EN"}, "openvoice-v1-en"),
        ({"language": "ZH"}, "openvoice-v1-zh"),
        ({"text": "no language"}, "openvoice-v1-en"),
        ({"language": None}, "openvoice-v1-en"),
        ({"language": "FR"}, "openvoice-v1-en"),  # which refuses it in words
    ],
)
def test_the_instance_s_language_picks_the_synthesizer(instance, model, rendered) -> None:
    steps = _graph(rendered("toolchains"), "openvoice-v1-graph")["speech"]["steps"]
    assert _taken(instance, steps)["serviceUrl"].endswith(f"/{model}:predict")


def _taken(instance, steps):
    """The step that a Switch takes."""
    body = json.dumps({"instances": [instance]}).encode()
    return next(step for step in steps if exists(body, step["condition"]))


def test_a_toolchain_may_be_a_graph_only(rendered) -> None:
    enabled = "harmonyspeech-{}.enabled=true"
    sets = [f"models.{enabled.format(one)}" for one in ("encoder", "synthesizer", "vocoder")]
    objects = render(sets=[*sets, 'toolchains.harmonyspeech={"enabled": true, "mode": "graph"}'])
    assert "harmonyspeech" not in services(objects)
    assert "harmonyspeech-vocoder" in services(objects)
    last = _graph(objects, "harmonyspeech-graph")["clone"]["steps"][-1]["serviceUrl"]
    assert last.startswith("http://harmonyspeech-vocoder-predictor.")
