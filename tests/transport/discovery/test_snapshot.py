"""Several services become one catalog."""

from __future__ import annotations

from typing import Any

import pytest
from fake_kubernetes_api import inference_service

from contract.catalog import Availability, CatalogSnapshot
from contract.config import Aliases
from contract.tasks import Task
from transport.discovery.services import read_service
from transport.discovery.snapshot import snapshot_of


def snapshot(*services: dict[str, Any], aliases: Aliases | None = None) -> CatalogSnapshot:
    return snapshot_of([read_service(one) for one in services], aliases or Aliases())


def test_models_are_in_alphabetical_order_with_availability_and_address() -> None:
    found = snapshot(inference_service("b", pods=0), inference_service("a"))
    assert [model.name for model in found.models] == ["a", "b"]
    assert found.availability == {"a": Availability.READY, "b": Availability.ASLEEP}
    assert found.addresses["b"] == "http://b-predictor.speech.svc.cluster.local"


def test_a_toolchain_is_served_when_its_transformer_and_its_models_are_there() -> None:
    restorer = inference_service("restorer", "VoiceFixerRestorer")
    vocoder = inference_service("vocoder", "VoiceFixerVocoder")
    chain = inference_service(
        *("voicefixer", "VoiceFixerVocoder"),
        toolchain="voicefixer",
        labels={"harmony-speech/model": "vocoder"},
    )
    assert snapshot(restorer, vocoder).toolchains(Task.RESTORE_AUDIO) == ()
    assert snapshot(chain).toolchains(Task.RESTORE_AUDIO) == ()
    found = snapshot(restorer, chain)
    assert [one.name for one in found.toolchains(Task.RESTORE_AUDIO)] == ["voicefixer"]
    assert found.availability["voicefixer"] is Availability.READY
    assert "voicefixer-transformer" in found.addresses["voicefixer"]
    assert "voicefixer-predictor" in found.addresses["vocoder"]


def test_of_two_services_with_one_model_the_first_is_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    labels = {"harmony-speech/model": "same"}
    found = snapshot(inference_service("z", labels=labels), inference_service("y", labels=labels))
    assert [model.name for model in found.models] == ["same"]
    assert "y-predictor" in found.addresses["same"]
    assert "InferenceService z is left out" in caplog.text


@pytest.mark.parametrize("fallback", ["nobody", "voice", "ear"])
def test_a_fallback_that_cannot_answer_is_dropped(
    fallback: str, caplog: pytest.LogCaptureFixture
) -> None:
    annotations = {"harmony-speech/fallback": fallback}
    found = snapshot(
        inference_service("voice", annotations=annotations),
        inference_service("ear", "FasterWhisper"),
    )
    entry = found.find("voice")
    assert entry is not None
    assert entry.fallback is None
    assert fallback in caplog.text


def test_a_fallback_that_can_answer_stays() -> None:
    annotations = {"harmony-speech/fallback": "spare"}
    found = snapshot(
        inference_service("voice", annotations=annotations), inference_service("spare")
    )
    entry = found.find("voice")
    assert entry is not None
    assert entry.fallback == "spare"


def test_aliases_of_what_is_not_there_are_left_out() -> None:
    aliases = Aliases(
        models={"tts-1": "voice", "whisper-1": "ear", "clone": "openvoice_v2"},
        voices={"alloy": "joe"},
    )
    found = snapshot(inference_service("voice"), aliases=aliases)
    assert (found.aliases, found.voice_aliases) == ({"tts-1": "voice"}, {"alloy": "joe"})


def test_a_cluster_without_services_offers_nothing() -> None:
    assert snapshot().models == ()
