"""TFGAN repeats the original, and a mel sounds the same alone and in a batch."""

import numpy as np
import pytest
import torch
from golden_weights import golden, golden_state

from predictors.models.voicefixer.tfgan import TFGAN, TFGANConfig, mel_weights
from predictors.nn.checkpoint_errors import CheckpointError

TINY = TFGANConfig(n_mels=6, condition_channels=8, channels=64, stack_depth=4)


def tiny() -> TFGAN:
    """Random weights, large enough that a wrong frame is heard at the output."""
    torch.manual_seed(0)
    network = TFGAN(TINY).eval().requires_grad_(False)
    for name, value in network.state_dict().items():
        if name.endswith("weight"):
            value.mul_(1.5)
    return network


@torch.inference_mode()
def test_matches_the_recorded_network() -> None:
    recorded = golden("VoiceFixerVocoder_upstream")
    state = golden_state("VoiceFixerVocoder")
    for key, value in state.items():
        if key.endswith("weight_g"):
            value.mul_(float(recorded["weight_g_scale"]))  # as recorded, to avoid saturation
    network = TFGAN.from_checkpoint({"generator": state})
    assert network.config.hop_length == 441
    mel = recorded["mel"][0, 0].T
    conditions, lengths = network.condition([mel])
    assert lengths.tolist() == [conditions.shape[-1]]
    np.testing.assert_allclose(conditions[0], recorded["conditions"][0], atol=1e-5)
    np.testing.assert_allclose(network([mel])[0], recorded["wav"], atol=1e-5)


def test_computes_the_recorded_mel_weights() -> None:
    np.testing.assert_allclose(mel_weights(128), golden("VoiceFixer_mel_fb")["weight"], rtol=1e-6)


@torch.inference_mode()
def test_a_batch_of_unequal_mels_equals_single_calls() -> None:
    network = tiny()
    mels = [torch.rand(6, n) * 10 for n in (7, 1, 12, 2)]
    for wave, mel in zip(network(mels), mels, strict=True):
        assert wave.shape == (441 * (mel.shape[1] + 4 + mel.shape[1] % 2),)
        assert wave.std() > 0.01
        torch.testing.assert_close(wave, network([mel])[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_conditions_stay_in_range_for_silence_and_noise() -> None:
    network = tiny()
    noise_after_silence = torch.cat([torch.zeros(6, 3), torch.full((6, 2), 1e9)], dim=1)
    (conditions, short), lengths = network.condition([noise_after_silence, torch.ones(6, 2)])
    assert lengths.tolist() == [5 + 5, 2 + 4]
    assert conditions.shape == (6, 5 + 5)
    assert conditions[:, :3].eq(-4).all()
    assert conditions[:, 3:5].eq(4).all()
    assert conditions[:, 5:].eq(-4).all()
    assert short[:, 2:6].eq(-4).all()
    assert short[:, 6:].eq(0).all()


def test_refuses_another_familys_weights() -> None:
    with pytest.raises(CheckpointError, match="no entry 'generator'"):
        TFGAN.from_checkpoint({"model_state": {}})
    with pytest.raises(CheckpointError, match=r"TFGAN.*another family"):
        TFGAN.from_checkpoint({"generator": {"melgan.1.bias": torch.ones(4)}})
