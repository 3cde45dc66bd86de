"""DeepFilterNet's signal path: nothing is lost on the way there and back."""

from __future__ import annotations

import numpy as np
import pytest

from predictors.models.deepfilternet.spectrum import (
    BAND_WIDTHS,
    BANDS,
    BINS,
    DEEP_BINS,
    HOP,
    Listener,
    analysed,
    padded,
    per_bin,
    synthesised,
)


@pytest.mark.parametrize("count", [1, 479, 480, 481, 4_800, 10_001])
def test_sound_comes_back_from_its_spectra(count: int) -> None:
    samples = np.random.default_rng(count).standard_normal(count).astype(np.float32)
    whole = padded(samples)
    assert len(whole) % HOP == 0
    back = synthesised(analysed(whole))
    np.testing.assert_allclose(back[:count], samples, atol=1e-5)


def test_every_bin_is_in_one_band_and_bands_widen() -> None:
    assert BAND_WIDTHS.sum() == BINS
    assert len(BAND_WIDTHS) == BANDS
    assert BAND_WIDTHS.min() == 2
    assert list(BAND_WIDTHS) == sorted(BAND_WIDTHS)
    gains = np.arange(BANDS, dtype=np.float32)[None]
    assert np.bincount(per_bin(gains)[0].astype(int)).tolist() == BAND_WIDTHS.tolist()


def test_features_in_two_parts_are_those_of_the_whole() -> None:
    noise = np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    spectrum = analysed(padded(noise))
    levels, low = Listener().features(spectrum)
    assert levels.shape == (len(spectrum), BANDS)
    assert low.shape == (len(spectrum), DEEP_BINS)
    parted = Listener()
    parts = [parted.features(part) for part in (spectrum[:33], spectrum[33:])]
    np.testing.assert_allclose(np.concatenate([one for one, _ in parts]), levels)
    np.testing.assert_allclose(np.concatenate([one for _, one in parts]), low)


def test_a_steady_sound_is_near_its_own_mean_whatever_its_level() -> None:
    noise = np.random.default_rng(0).standard_normal(5 * 48_000).astype(np.float32)
    for level in (0.01, 1.0):
        levels, _ = Listener().features(analysed(padded(level * noise)))
        assert abs(float(levels[-100:].mean())) < 0.1
