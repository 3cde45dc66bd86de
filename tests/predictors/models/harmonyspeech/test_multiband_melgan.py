"""Multi-band MelGAN repeats the original, for mels of any length, alone and in a batch."""

import json

import numpy as np
import pytest
import torch
from golden_weights import PARITY, golden, golden_state

from predictors.models.harmonyspeech.multiband_melgan import (
    MultiBandMelGAN,
    MultiBandMelGANConfig,
    pqmf_synthesis_filters,
)
from predictors.nn.checkpoint_errors import CheckpointError

CONFIG = json.loads((PARITY / "configs/harmonyspeech_vocoder.json").read_text())
TINY = MultiBandMelGANConfig(
    in_channels=5,
    out_channels=4,
    kernel_size=7,
    channels=16,
    upsample_scales=(5, 5, 2),
    stack_kernel_size=3,
    stacks=4,
)


def tiny() -> MultiBandMelGAN:
    """Random weights, large enough that a wrong frame is heard at the output."""
    torch.manual_seed(0)
    network = MultiBandMelGAN(TINY).eval().requires_grad_(False)
    for value in network.state_dict().values():
        value.mul_(1.6)
    return network


@torch.inference_mode()
def test_matches_the_recorded_network() -> None:
    state = golden_state("HarmonySpeechVocoder")
    network = MultiBandMelGAN.from_checkpoint({"model": {"generator": state}}, CONFIG)
    assert network.config.hop_length == 200
    assert network.config.min_frames == 6
    recorded = golden("HarmonySpeechVocoder")
    mel = torch.from_numpy(recorded["mel"]) * 4  # recorded behind the division by 4
    bands, lengths = network.bands(mel[None], torch.tensor([24]))
    assert lengths.tolist() == [1200]
    np.testing.assert_allclose(bands, recorded["bands"], atol=5e-6)
    np.testing.assert_allclose(network([mel])[0], recorded["wav"][:, 0], atol=1e-5)


def test_computes_the_recorded_filter_bank() -> None:
    recorded = golden("HarmonySpeechVocoder")["pqmf_synthesis_filter"]
    np.testing.assert_allclose(pqmf_synthesis_filters(), recorded[0], atol=1e-7)


@torch.inference_mode()
def test_a_batch_of_unequal_mels_equals_single_calls() -> None:
    network = tiny()
    mels = [torch.randn(5, n) * 4 for n in (9, 6, 20, 2)]
    for wave, mel in zip(network(mels), mels, strict=True):
        assert wave.shape == (200 * mel.shape[1],)
        assert wave.abs().max() > 0.01
        torch.testing.assert_close(wave, network([mel])[0], atol=1e-5, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("frames", range(1, 8))
def test_speaks_mels_too_short_to_mirror(frames: int) -> None:
    network = tiny()
    wave = network([torch.randn(5, frames)])[0]
    assert wave.shape == (200 * frames,)
    assert torch.isfinite(wave).all()


def test_knows_how_many_frames_mirroring_needs() -> None:
    network = tiny()
    lengths = torch.tensor([TINY.min_frames - 1])
    with pytest.raises(RuntimeError, match=r"[Pp]adding"):
        network.bands(torch.randn(1, 5, TINY.min_frames - 1), lengths)


@pytest.mark.parametrize(
    ("field", "value"),
    [("use_causal_conv", True), ("pad", "ConstantPad1d"), ("out_channels", 1)],
)
def test_refuses_configs_of_other_networks(field: str, value: object) -> None:
    with pytest.raises(CheckpointError, match=f"'{field}' is {value!r}"):
        MultiBandMelGANConfig.from_public({"model": {**CONFIG["model"], field: value}})


def test_refuses_another_familys_weights() -> None:
    with pytest.raises(CheckpointError, match=r"model\.generator"):
        MultiBandMelGAN.from_checkpoint({"model": {"dec.weight": torch.ones(1)}}, CONFIG)
