"""What a recording must be before a network hears it."""

import numpy as np
import pytest

from contract.audio.codec import Audio
from contract.errors import InvalidAudio
from predictors.nn.audible import audible

RATE = 16_000


def test_a_fit_recording_passes_unchanged():
    samples = np.linspace(-1, 1, RATE, dtype=np.float32)
    assert np.array_equal(audible(Audio(samples, RATE), RATE, min_samples=1), samples)


def test_other_rates_are_resampled_and_loud_ones_scaled_as_a_whole():
    time_s = np.arange(2 * RATE) / (2 * RATE)
    loud = (20 * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)
    samples = audible(Audio(loud, 2 * RATE), RATE, min_samples=1)
    assert len(samples) == pytest.approx(RATE, abs=1)
    assert np.abs(samples).max() == 1
    assert samples.std() == pytest.approx(0.5**0.5, rel=0.01)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(RATE, np.float32), "silent"),
        (np.full(RATE, 1e-5, np.float32), "silent"),
        (np.ones(100, np.float32), r"too short \(6 ms\); send at least 25 ms"),
        (np.ones(1, np.float32), "too short"),
        (np.array([0.1, np.inf], np.float32), "not finite"),
    ],
)
def test_an_unfit_recording_is_refused_by_field(samples: np.ndarray, words: str):
    with pytest.raises(InvalidAudio, match=words) as refusal:
        audible(Audio(samples, RATE), RATE, min_samples=400, param="reference_audio")
    assert refusal.value.param == "reference_audio"
