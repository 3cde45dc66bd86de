"""The speaker encoder repeats the original's vectors, on ONNX Runtime and in torch."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from golden_weights import PARITY, golden, golden_state

from contract.tasks import FloatArray
from predictors.models.harmonyspeech.ge2e import GE2E, GE2EConfig, Network
from predictors.models.harmonyspeech.ge2e_onnx import GE2EOnnx
from predictors.models.harmonyspeech.ge2e_torch import GE2EOnDevice, TorchGE2E
from predictors.nn.checkpoint_errors import CheckpointError

TINY = GE2EConfig(mel_n_channels=5, model_hidden_size=8, model_num_layers=2, model_embedding_size=6)


def tiny() -> GE2E:
    rng = np.random.default_rng(0)
    state = {k: rng.normal(0, 0.4, shape).astype(np.float32) for k, shape in TINY.shapes().items()}
    return GE2E.from_state(state)


def in_onnx(network: GE2E) -> Network:
    return GE2EOnnx(network)


def in_torch(network: GE2E) -> Network:
    return GE2EOnDevice(TorchGE2E.of(network), torch.device("cpu"))


def windows(count: int, frames: int = 20) -> FloatArray:
    return np.random.default_rng(count).normal(size=(count, frames, 5)).astype(np.float32)


@pytest.mark.parametrize("engine", [in_onnx, in_torch])
def test_matches_the_recorded_network(engine: Any) -> None:
    config = json.loads((PARITY / "configs/harmonyspeech_encoder.json").read_text())
    encoder = engine(GE2E.from_state(golden_state("HarmonySpeechEncoder"), config))
    recorded = golden("HarmonySpeechEncoder")
    np.testing.assert_allclose(encoder(recorded["mels"]), recorded["embeds"], atol=1e-6)


def test_reads_the_resemblyzer_layout_without_a_config() -> None:
    encoder = GE2E.from_state(golden_state("HarmonySpeechEncoder_256_resemblyzer_rtvc"))
    assert encoder.config == GE2EConfig(40, 256, 3, 256)
    whole = 4 * sum(np.prod(one) for one in encoder.config.shapes().values())
    assert in_onnx(encoder).size_bytes == in_torch(encoder).size_bytes == whole


def test_onnx_and_torch_agree_at_resemblyzers_size() -> None:
    encoder = GE2E.from_state(golden_state("HarmonySpeechEncoder_256_resemblyzer_rtvc"))
    mels = np.abs(np.random.default_rng(0).normal(size=(3, 160, 40))).astype(np.float32)
    np.testing.assert_allclose(in_onnx(encoder)(mels), in_torch(encoder)(mels), atol=1e-6)


@pytest.mark.parametrize("engine", [in_onnx, in_torch])
def test_a_batch_equals_single_windows_beyond_one_pass(engine: Any) -> None:
    encoder, many = engine(tiny()), windows(130)
    together = encoder(many)
    alone = np.concatenate([encoder(one[None]) for one in many])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("engine", [in_onnx, in_torch])
def test_a_network_that_hears_nothing_gives_zeros_instead_of_nan(engine: Any) -> None:
    deaf = tiny()
    deaf.weights["linear.bias"].fill(-100)
    assert not engine(deaf)(windows(2)).any()


@pytest.mark.parametrize("engine", [in_onnx, in_torch])
def test_a_damaged_weight_is_named(engine: Any) -> None:
    network = tiny()
    assert engine(network).damaged() is network.damaged() is None
    network.weights["linear.bias"][0] = np.inf
    assert engine(network).damaged() == network.damaged() == "linear.bias"


def test_any_weight_is_checked_before_it_is_used() -> None:
    network = tiny()
    network.weights["lstm.bias_hh_l1"][0] = np.nan
    assert network.damaged() == "lstm.bias_hh_l1"


def test_refuses_another_familys_weights() -> None:
    with pytest.raises(CheckpointError, match="no GE2E encoder"):
        GE2E.from_state({"dec.weight": np.ones(1)})


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (None, "no object 'model'"),
        ({"mel_n_channels": 40}, "model.model_hidden_size"),
        ({**vars(TINY), "model_num_layers": "three"}, "'model_num_layers' is 'three'"),
    ],
)
def test_names_the_wrong_config_field(model: object, complaint: str) -> None:
    with pytest.raises(CheckpointError, match=complaint):
        GE2EConfig.from_public({"model": model})
