"""ForwardTacotron repeats the original, and a text sounds the same alone and in a batch."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from golden_weights import PARITY, golden, golden_state
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from predictors.models.harmonyspeech.forward_tacotron import (
    ForwardTacotron,
    ForwardTacotronConfig,
    TextBatch,
    stretch,
)
from predictors.nn.checkpoint_errors import CheckpointError

TINY = ForwardTacotronConfig(
    num_chars=12,
    embed_dims=8,
    series_embed_dims=6,
    speaker_embed_dims=5,
    durpred_conv_dims=8,
    durpred_rnn_dims=4,
    pitch_conv_dims=8,
    pitch_rnn_dims=4,
    pitch_strength=1.0,
    energy_conv_dims=8,
    energy_rnn_dims=4,
    energy_strength=0.5,
    prenet_dims=8,
    prenet_k=6,
    prenet_num_highways=2,
    rnn_dims=8,
    postnet_dims=8,
    postnet_k=4,
    postnet_num_highways=2,
    n_mels=7,
)


def tiny() -> ForwardTacotron:
    """Random weights, norms included, lively enough that a wrong frame is seen everywhere."""
    torch.manual_seed(0)
    network = ForwardTacotron(TINY).eval().requires_grad_(False)
    for name, value in network.state_dict().items():
        if "bnorm" in name and value.is_floating_point():
            value.add_(torch.rand_like(value))
        elif value.dim() > 1:
            value.mul_(2)
    network.dur_pred.lin.bias.fill_(3.0)
    return network


def batch_of(
    texts: Sequence[Tensor],
    speakers: Tensor,
    speed: Sequence[float],
    pitch: Sequence[float],
    energy: Sequence[float],
) -> TextBatch:
    return TextBatch(
        ids=pad_sequence(list(texts), batch_first=True, padding_value=3),
        lengths=torch.tensor([len(text) for text in texts]),
        speakers=speakers,
        speed=torch.tensor(speed),
        pitch_scale=torch.tensor(pitch),
        energy_scale=torch.tensor(energy),
    )


@pytest.fixture(scope="module")
def full_size() -> ForwardTacotron:
    config = json.loads((PARITY / "configs/harmonyspeech_synthesizer.json").read_text())
    state = golden_state("HarmonySpeechSynthesizer")
    state["dur_pred.lin.bias"].fill_(3.0)  # as recorded: durations of about three frames
    return ForwardTacotron.from_checkpoint({"model_state": state}, config)


@torch.inference_mode()
@pytest.mark.parametrize("alpha", [1.0, 1.3])
def test_matches_the_recorded_network(full_size: ForwardTacotron, alpha: float) -> None:
    recorded = golden(f"HarmonySpeechSynthesizer_alpha{alpha}")
    batch = batch_of(
        [torch.from_numpy(recorded["ids"])],
        torch.from_numpy(recorded["spk"]),
        [alpha],
        [float(recorded["pitch_scale"])],
        [float(recorded["energy_scale"])],
    )
    prosody = full_size.prosody(batch)
    for name, values in {
        "dur": prosody.durations,
        "pitch": prosody.pitch,
        "energy": prosody.energy,
    }.items():
        np.testing.assert_allclose(values, recorded[name], atol=1e-5)
    spoken = full_size(batch)
    np.testing.assert_allclose(spoken.coarse, recorded["mel"], atol=1e-5)
    np.testing.assert_allclose(spoken.mels, recorded["mel_post"], atol=1e-5)


@torch.inference_mode()
def test_a_batch_of_unequal_texts_equals_single_calls() -> None:
    network = tiny()
    texts = [torch.randint(12, (n,)) for n in (9, 1, 14, 2)]
    speakers = torch.randn(4, 5)
    speed, pitch, energy = [1.0, 0.7, 2.0, 1.0], [1.0, 1.5, 0.5, -1.0], [1.0, 0.8, 1.2, 3.0]
    together = network(batch_of(texts, speakers, speed, pitch, energy)).items()
    for i, mel in enumerate(together):
        one = slice(i, i + 1)
        alone = batch_of(texts[one], speakers[one], speed[one], pitch[one], energy[one])
        torch.testing.assert_close(mel, network(alone).items()[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_speed_pitch_and_energy_act_on_their_item_alone() -> None:
    network = tiny()
    text = torch.randint(12, (20,))
    speakers = torch.randn(1, 5).repeat(4, 1)
    plain, fast, high, loud = network(
        batch_of([text] * 4, speakers, [1.0, 2.0, 1.0, 1.0], [1, 1, 2.0, 1], [1, 1, 1, 4.0])
    ).items()
    assert plain.shape[1] / fast.shape[1] == pytest.approx(2, rel=0.35)
    assert plain.shape == high.shape == loud.shape
    assert (plain - high).abs().max() > 1e-3
    assert (plain - loud).abs().max() > 1e-3


@torch.inference_mode()
def test_ids_behind_the_end_are_never_heard() -> None:
    network = tiny()
    batch = batch_of([torch.tensor([1, 2]), torch.arange(6)], torch.randn(2, 5), *[[1.0, 1.0]] * 3)
    before = network(batch).items()[0]
    batch.ids[0, 2:] = 11
    torch.testing.assert_close(network(batch).items()[0], before, atol=0, rtol=0)


def test_stretching_rounds_half_up_and_drops_negative_durations() -> None:
    symbols = torch.arange(4.0)[None, :, None]
    frames, lengths = stretch(symbols, torch.tensor([[0.5, 1.49, -2.0, 2.5]]), torch.tensor([4]))
    assert frames[0, :, 0].tolist() == [0, 1, 3, 3, 3]
    assert lengths.tolist() == [5]


def test_a_text_without_durations_gets_two_frames_a_symbol() -> None:
    symbols = torch.arange(3.0)[None, :, None].repeat(2, 1, 1)
    durations = torch.tensor([[0.9, 0.2, 7.0], [1.0, 0.0, 0.0]])
    frames, lengths = stretch(symbols, durations, torch.tensor([2, 3]))
    assert lengths.tolist() == [4, 1]  # the 7.0 lies behind the first text's end
    assert frames[0, :, 0].tolist() == [0, 0, 1, 1]


def test_refuses_another_familys_weights() -> None:
    config = {"model": vars(TINY)}
    with pytest.raises(CheckpointError, match=r"ForwardTacotron.*another family"):
        ForwardTacotron.from_checkpoint({"model_state": {"lstm.x": torch.ones(1)}}, config)
    wrong = ForwardTacotron(TINY).state_dict() | {"embedding.weight": torch.ones(12, 9)}
    with pytest.raises(CheckpointError, match=r"embedding\.weight \[12, 9\]"):
        ForwardTacotron.from_checkpoint({"model_state": wrong}, config)
