"""What is read from one InferenceService."""

from __future__ import annotations

import json

import pytest
from fake_kubernetes_api import inference_service

from contract.catalog import Availability
from contract.tasks import Task
from transport.discovery.services import MalformedService, read_service

CONFIG = {
    "name": "melo-en",
    "model": "myshell-ai/MeloTTS-English",
    "model_type": "MeloTTSSynthesizer",
    "language": "EN",
    "voices": ["EN-US", "EN-BR"],
    "fallback": "piper-en",
}


def test_the_annotation_holds_the_whole_entry() -> None:
    annotations = {"harmony-speech/model-config": json.dumps(CONFIG)}
    service = read_service(
        inference_service("openvoice-v2", "MeloTTSSynthesizer", annotations=annotations)
    )
    assert json.loads(service.entry.model_dump_json(exclude_unset=True)) == CONFIG
    assert service.name == "openvoice-v2"


def test_labels_do_without_the_annotation() -> None:
    labels = {"harmony-speech/language": "EN", "harmony-speech/model": "joe-en"}
    annotations = {"harmony-speech/voices": "joe, amy", "harmony-speech/fallback": "other"}
    entry = read_service(inference_service("piper", labels=labels, annotations=annotations)).entry
    assert (entry.name, entry.model_type, entry.language) == ("joe-en", "PiperSynthesizer", "EN")
    assert (entry.voices, entry.fallback) == (("joe", "amy"), "other")
    assert entry.resolved_task is Task.SYNTHESIZE


def test_other_weights_are_another_model_for_the_cache() -> None:
    service = inference_service("piper")
    before = read_service(service).entry
    service["metadata"]["generation"] = 2
    assert read_service(service).entry.model != before.model


def test_a_plugin_s_task_comes_from_the_label() -> None:
    bark = inference_service("bark", "Bark", labels={"harmony-speech/task": "synthesize"})
    assert read_service(bark).entry.resolved_task is Task.SYNTHESIZE
    with pytest.raises(MalformedService, match="harmony-speech/task .* Bark"):
        read_service(inference_service("bark", "Bark"))


@pytest.mark.parametrize(
    ("ready", "pods", "availability"),
    [
        ("True", 2, Availability.READY),
        ("True", None, Availability.READY),  # before the controller has counted
        ("True", 0, Availability.ASLEEP),
        ("Unknown", 0, Availability.NOT_READY),
        ("False", 1, Availability.NOT_READY),
    ],
)
def test_availability_follows_conditions_and_pods(
    ready: str, pods: int | None, availability: Availability
) -> None:
    assert read_service(inference_service("a", ready=ready, pods=pods)).availability is availability


def test_a_service_without_a_status_is_not_ready_but_has_an_address() -> None:
    new = inference_service("a")
    del new["status"]
    service = read_service(new)
    assert service.availability is Availability.NOT_READY
    assert service.address == "http://a-predictor.speech.svc"


def test_addresses_are_of_components_in_the_cluster() -> None:
    chain = read_service(
        inference_service("openvoice-v2", "OpenVoiceV2ToneConverter", toolchain="openvoice_v2")
    )
    assert chain.address == "http://openvoice-v2-predictor.speech.svc.cluster.local"
    assert chain.toolchain is not None
    assert chain.toolchain.name == "openvoice_v2"
    assert chain.toolchain.address == "http://openvoice-v2-transformer.speech.svc.cluster.local"


def test_standard_mode_tells_only_the_entry_s_address() -> None:
    plain, chain = inference_service("a"), inference_service("b", toolchain="voicefixer")
    for service in (plain, chain):
        service["status"]["components"] = {"predictor": {"url": "https://a.example.com"}}
    assert read_service(plain).address == "http://a.speech.svc.cluster.local"
    found = read_service(chain)
    assert found.address == "http://b-predictor.speech.svc"
    assert found.toolchain is not None
    assert found.toolchain.address == "http://b.speech.svc.cluster.local"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://a.speech.svc/v1/models/a:predict", "http://a.speech.svc"),
        ("https://a.speech:8443/", "https://a.speech:8443"),
        ("file:///etc/passwd", "http://a-predictor.speech.svc"),
        ("", "http://a-predictor.speech.svc"),
    ],
)
def test_only_scheme_and_host_of_an_address_are_used(url: str, address: str) -> None:
    service = inference_service("a", toolchain="voicefixer")
    service["status"]["components"]["predictor"]["address"]["url"] = url
    assert read_service(service).address == address


def test_a_toolchain_is_ready_when_both_halves_are() -> None:
    service = inference_service("a", toolchain="voicefixer", pods=0)
    found = read_service(service).toolchain
    assert found is not None
    assert found.availability is Availability.ASLEEP
    service["status"]["conditions"][-1]["status"] = "False"
    found = read_service(service).toolchain
    assert found is not None
    assert found.availability is Availability.NOT_READY


def _without_transformer() -> dict[str, object]:
    service = inference_service("a", toolchain="voicefixer")
    del service["spec"]["transformer"]
    return service


def test_a_label_without_a_transformer_is_a_predictor_only() -> None:
    assert read_service(_without_transformer()).toolchain is None


MODEL_CONFIG = "harmony-speech/model-config"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("nonsense", "dictionary"),
        ({}, "metadata"),
        ({"metadata": {"name": "a"}}, "metadata.namespace"),
        ({"metadata": {"name": "a", "namespace": "b", "labels": []}}, "metadata.labels"),
        ({"metadata": {"name": "a", "namespace": "b"}}, "model_type"),
        (inference_service("a", annotations={MODEL_CONFIG: "{"}), "model-config: Invalid JSON"),
        (inference_service("a", annotations={MODEL_CONFIG: "{}"}), "model-config: name"),
        (
            inference_service("a", annotations={MODEL_CONFIG: json.dumps(CONFIG | {"x": 1})}),
            "model-config: x",
        ),
        (inference_service("a", labels={"harmony-speech/model": "No Name"}), "name"),
        (inference_service("a", labels={"harmony-speech/task": "sing"}), "task"),
        (inference_service("a", toolchain="nobody"), "harmony-speech/toolchain"),
        (inference_service("a") | {"status": {"conditions": "many"}}, "status.conditions"),
    ],
)
def test_what_cannot_be_read_is_named(document: object, words: str) -> None:
    with pytest.raises(MalformedService, match=words):
        read_service(document)
