"""VoiceFixer's mel front end repeats the original, for audio of any length."""

import numpy as np
import pytest
import torch
from golden_weights import golden

from predictors.models.voicefixer.mel import VoiceFixerMel, htk_filters


def test_computes_the_recorded_filters() -> None:
    np.testing.assert_allclose(htk_filters(), golden("VoiceFixer_mel_fb")["fb"], atol=2e-5)


@torch.inference_mode()
def test_matches_the_recorded_mel() -> None:
    recorded = golden("VoiceFixerRestorer_upstream")
    mels, lengths = VoiceFixerMel()([torch.from_numpy(recorded["wav"])])
    assert lengths.tolist() == [51]
    np.testing.assert_allclose(mels[0], recorded["mel"], atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_a_batch_of_unequal_waves_equals_single_calls() -> None:
    torch.manual_seed(0)
    front_end = VoiceFixerMel()
    waves = [torch.randn(n) for n in (5000, 1, 22_050, 1024, 1025, 4409, 4410)]
    together, lengths = front_end(waves)
    assert lengths.tolist() == [1 + len(wave) // 441 for wave in waves]
    assert together.shape == (7, 51, 128)
    for row, wave, n in zip(together, waves, lengths, strict=True):
        torch.testing.assert_close(row[:n], front_end([wave])[0][0], atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize("frequency_hz", [440.0, 3000.0])
@torch.inference_mode()
def test_a_tone_stands_in_its_own_bin(frequency_hz: float) -> None:
    tone = torch.sin(2 * torch.pi * frequency_hz * torch.arange(44_100) / 44_100)
    mels, _ = VoiceFixerMel()([tone])
    loudest = mels[0, 50].argmax()
    centre = torch.from_numpy(htk_filters())[:, loudest].argmax() * 44_100 / 2048
    assert centre == pytest.approx(frequency_hz, rel=0.05)
