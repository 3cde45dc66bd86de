"""The VoiceFixer restorer repeats the original, and hides its padding."""

import numpy as np
import pytest
import torch
from golden_weights import golden, golden_state
from torch import nn

from predictors.models.voicefixer.unet import (
    ConvBlockRes,
    VoiceFixerRestorer,
    VoiceFixerUNetConfig,
    fuse_norms,
)
from predictors.nn.checkpoint_errors import CheckpointError

TINY = VoiceFixerUNetConfig(channels=(4, 5, 5, 6), denoiser_dims=(6, 8))


def tiny() -> VoiceFixerRestorer:
    """Random weights, norms included, lively enough that a wrong frame is seen everywhere."""
    torch.manual_seed(0)
    network = VoiceFixerRestorer(TINY).eval().requires_grad_(False)
    for name, value in network.generator.state_dict().items():
        if "bn" in name and value.is_floating_point():
            value.add_(torch.rand_like(value))
        elif value.dim() > 1:
            value.mul_(1.5)
    return network


@torch.inference_mode()
def test_matches_the_recorded_network() -> None:
    recorded = golden("VoiceFixerRestorer_upstream")
    state = golden_state("VoiceFixerRestorer", prefix="generator.")
    network = VoiceFixerRestorer.from_checkpoint(state)
    # The logarithms reach 11 here: 2e-5 is float32's rounding after 60 layers.
    restored = network.restore(torch.from_numpy(recorded["mel"])[None], torch.tensor([51]))
    np.testing.assert_allclose(restored.clean[0], recorded["clean"], atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(restored.log_mel[0], recorded["mel_log10"], atol=2e-5, rtol=1e-5)
    restored = network([torch.from_numpy(recorded["wav"])])
    np.testing.assert_allclose(restored.log_mel[0], recorded["mel_log10"], atol=5e-5)
    np.testing.assert_allclose(restored.items()[0], recorded["denoised_mel"], rtol=1e-4)


@torch.inference_mode()
def test_a_batch_of_unequal_mels_equals_single_calls() -> None:
    network = tiny()
    lengths = torch.tensor([33, 1, 16, 17, 47])  # portions of 16: 3, 1, 1, 2, 3
    mels = torch.rand(5, 47, 128)
    together = network.restore(mels, lengths)
    for i, n in enumerate(lengths.tolist()):
        alone = network.restore(mels[i : i + 1, :n], torch.tensor([n]))
        torch.testing.assert_close(together.log_mel[i, :n], alone.log_mel[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_batch_of_unequal_waves_equals_single_calls() -> None:
    network = tiny()
    waves = [torch.randn(n) for n in (9000, 441, 20_000)]
    for mel, wave in zip(network(waves).items(), waves, strict=True):
        assert mel.shape == (1 + len(wave) // 441, 128)
        torch.testing.assert_close(mel, network([wave]).items()[0], atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_a_restored_mel_is_finite_and_not_negative() -> None:
    mel = tiny()([torch.zeros(5000)]).items()[0]
    assert torch.isfinite(mel).all()
    assert mel.min() >= 0


@torch.inference_mode()
def test_fusing_norms_changes_nothing_but_the_work() -> None:
    network = tiny()
    mel, lengths = torch.rand(1, 20, 128), torch.tensor([20])
    before = network.restore(mel, lengths).log_mel
    fuse_norms(network)
    blocks = [module for module in network.modules() if isinstance(module, ConvBlockRes)]
    assert blocks
    assert not any(isinstance(block.bn2, nn.BatchNorm2d) for block in blocks)
    torch.testing.assert_close(network.restore(mel, lengths).log_mel, before, atol=1e-5, rtol=0)


def test_ignores_what_else_the_public_file_holds() -> None:
    state = tiny().state_dict() | {"vocoder.x": torch.ones(1), "f_helper.y": torch.ones(1)}
    network = VoiceFixerRestorer.from_checkpoint(state, TINY)
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_refuses_another_familys_weights() -> None:
    with pytest.raises(CheckpointError, match=r"VoiceFixer restorer.*another family"):
        VoiceFixerRestorer.from_checkpoint({"generator.1.bias": torch.ones(4)}, TINY)
