"""No pass waits for the device between its launches: only where a length must be known, once, and
for the results. Shown without a GPU, on a device whose values nobody can see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from far_device import FAR, first_wait
from model_requests import three_requests
from synthetic_models import SYNTHETIC_MODELS
from tiny_bert import write_bert
from torch import nn

from contract.config import ModelConfig
from predictors.models.harmonyspeech.forward_tacotron import Prosody
from predictors.models.harmonyspeech.ge2e import read_ge2e
from predictors.models.harmonyspeech.ge2e_torch import GE2EOnDevice, TorchGE2E
from predictors.models.harmonyspeech.synthesis import MelSynthesizer
from predictors.models.vits.bert_features import BertFeatures
from predictors.models.vits.synthesis import PieceSynthesizer
from predictors.models.vits.tone import SpeakerEncoder, ToneConverter
from predictors.nn.cuda_graphs import enable_graphs
from predictors.nn.transfer import to_device, to_host
from predictors.runtime.model import Model
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore

RESULTS = "transfer.py _queued_copy: Cannot copy out of meta tensor; no data!"
"""What is asked of the device is asked by to_host."""
TONES = ("OpenVoiceV1ToneConverter", "OpenVoiceV2ToneConverter")
VOICES = ("OpenVoiceV1Synthesizer", "MeloTTSSynthesizer")


def loaded(model_type: str, folder: Path, **changes: Any) -> Any:
    entry: ModelConfig = SYNTHETIC_MODELS[model_type](folder).model_copy(update=changes)
    return model_type_class(model_type).load(entry, WeightStore().holder())


def works(model: Model[Any, Any], count: int) -> list[Any]:
    """What a pass is given: of one request, or of three that differ in length."""
    requests = three_requests(model.warm_up_request())[:count]
    return [unit.work for request in requests for unit in model.prepare(request).units]


@pytest.mark.parametrize(
    ("waits", "work"),
    [
        ("tensor", lambda far, here: torch.tensor([1, 2], device=FAR)),
        ("to", lambda far, here: here.to(FAR)),
        ("to", lambda far, here: here.to(far)),
        ("index", lambda far, here: far[torch.tensor([0, 1])]),
        ("item", lambda far, here: bool(far.any())),
        ("item", lambda far, here: range(int(far.max()))),
        ("nonzero", lambda far, here: far[far > 0]),
        ("copy out", lambda far, here: far.tolist()),
        ("copy out", lambda far, here: far.cpu()),
        ("copy out", lambda far, here: to_host(far)),
        ("expected device", lambda far, here: far * here),
        (None, lambda far, here: far * to_device(here, FAR) + to_device([1.0], FAR)),
        (None, lambda far, here: range(int(here.max()))),
    ],
)
def test_waits_are_found(waits: str | None, work: Any) -> None:
    found = first_wait(lambda: work(torch.zeros(3, device=FAR), torch.ones(3)))
    assert found is None if waits is None else found is not None and waits in found


@pytest.fixture(params=[False, True], ids=["", "padded for graphs"])
def place(request: pytest.FixtureRequest) -> Callable[[nn.Module], Any]:
    """Moves a network to the far device; with its parts enabled that are captured as graphs."""

    def moved(network: nn.Module) -> Any:
        if request.param:
            enable_graphs(network)
        return network.to(FAR)

    return moved


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("model_type", ["VoiceFixerRestorer", "VoiceFixerVocoder"])
def test_voicefixer(model_type: str, count: int, tmp_path: Path) -> None:
    model = loaded(model_type, tmp_path)
    batch = works(model, count)
    if model_type == "VoiceFixerVocoder":
        batch = [np.tile(mel, (1, number)) for number, mel in enumerate(batch, start=1)]
    model.network.to(FAR)
    assert first_wait(lambda: model.run(batch)) == RESULTS


@pytest.mark.parametrize("count", [1, 3])
def test_harmonyspeech_encoder(count: int, place: Any, tmp_path: Path) -> None:
    entry = SYNTHETIC_MODELS["HarmonySpeechEncoder"](tmp_path)
    network = place(TorchGE2E.of(read_ge2e(Path(entry.model) / "encoder", "it")))
    windows = np.zeros((count, 160, 40), np.float32)
    assert first_wait(lambda: GE2EOnDevice(network, FAR)(windows)) == RESULTS


@pytest.mark.parametrize("count", [1, 3])
def test_harmonyspeech_vocoder(count: int, tmp_path: Path) -> None:
    model = loaded("HarmonySpeechVocoder", tmp_path)
    (mel,) = works(model, 1)
    batch = [np.tile(mel, (1, number + 1)) for number in range(count)]
    model.vocoder.network.to(FAR)
    assert first_wait(lambda: model.run(batch)) == RESULTS


@pytest.mark.parametrize("count", [1, 3])
def test_harmonyspeech_synthesizer_asks_for_durations_alone(count: int, tmp_path: Path) -> None:
    model = loaded("HarmonySpeechSynthesizer", tmp_path)
    batch = works(model, count)
    synthesizer = MelSynthesizer(model.synthesizer.network.to(FAR), FAR)
    assert first_wait(lambda: synthesizer.mels(batch)) == RESULTS
    texts = synthesizer._batch(batch)
    shape = (len(batch), 1, texts.ids.shape[1])
    prosody = Prosody(torch.full(texts.ids.shape, 2.0), *torch.zeros(2, *shape, device=FAR))
    assert first_wait(lambda: synthesizer.network.decode(texts, prosody).items()) is None


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("model_type", TONES)
@pytest.mark.parametrize("is_named", [True, False], ids=["named source", "source heard"])
def test_tone_converters(
    model_type: str, count: int, is_named: bool, place: Any, tmp_path: Path
) -> None:
    model = loaded(model_type, tmp_path)
    batch = works(model, count)
    if is_named:
        batch = [type(one)(one.samples, one.target, one.target, one.tau, 0) for one in batch]
    ears = SpeakerEncoder(model.converter.encoder.network.to(FAR), FAR)
    converter = ToneConverter(place(model.converter.network), ears, FAR)
    assert first_wait(lambda: converter.convert(batch)) == RESULTS
    assert first_wait(lambda: ears.embeddings([one.samples for one in batch])) == RESULTS


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("model_type", VOICES)
def test_voices_ask_for_durations_alone(
    model_type: str, count: int, place: Any, tmp_path: Path
) -> None:
    model = loaded(model_type, tmp_path)
    batch = works(model, count)
    pieces = [getattr(one, "piece", one) for one in batch]
    network = place(model.synthesizer.network)
    assert first_wait(lambda: PieceSynthesizer(network, FAR).recordings(pieces)) == RESULTS

    frames = torch.arange(1.0, 1 + 5 * count).reshape(count, 5)
    latents = torch.zeros(count, network.config.inter_channels, 5, device=FAR)
    voice = torch.zeros(count, network.config.gin_channels, 1, device=FAR)
    noise = [torch.Generator() for _ in range(count)]
    assert first_wait(lambda: network.speak(latents, latents, frames, voice, 0.5, noise)) is None


def test_melo_hears_bert_on_the_device(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "bert", dims=768)
    model = loaded("MeloTTSSynthesizer", tmp_path / "melo", options={"bert": str(folder)})
    batch = works(model, 3)
    model.bert = BertFeatures(folder, FAR)
    model.synthesizer = PieceSynthesizer(model.synthesizer.network.to(FAR), FAR)
    assert first_wait(lambda: model.run(batch)) == RESULTS
