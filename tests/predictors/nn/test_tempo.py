"""Tempo without pitch: lengths and tones as a listener measures them."""

import numpy as np
import pytest

from predictors.nn.tempo import change_tempo

RATE = 22_050
TONE = (0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * RATE) / RATE)).astype(np.float32)


def pitch_hz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * RATE / len(samples)


@pytest.mark.parametrize("factor", [0.25, 0.4, 0.8, 1.3, 2.0, 4.0])
def test_the_length_changes_and_pitch_and_loudness_stay(factor):
    changed = change_tempo(TONE, RATE, factor)
    assert len(changed) == round(len(TONE) / factor)
    assert changed.dtype == np.float32
    assert pitch_hz(changed) == pytest.approx(220, abs=3)
    middle = changed[len(changed) // 4 : -len(changed) // 4]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


def test_a_change_that_nobody_hears_is_not_made():
    assert change_tempo(TONE, RATE, 1.01) is TONE


@pytest.mark.parametrize("length", [0, 1, 100])
def test_what_is_too_short_to_stretch_keeps_its_place(length):
    assert len(change_tempo(TONE[:length], RATE, 0.5)) == 2 * length
