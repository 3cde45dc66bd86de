"""Pauses stand where sentences end, and no peak clips."""

import numpy as np
import pytest

from predictors.nn.mastering import (
    insert_pauses,
    limit_peak,
    normalize_peak,
)


def test_a_pause_follows_every_sentence() -> None:
    samples = np.arange(1, 601, dtype=np.float32)
    joined = insert_pauses(samples, [1, 2], hop_length=200, sample_rate=16_000)
    assert len(joined) == 600 + 2 * 2400
    np.testing.assert_array_equal(joined[:200], samples[:200])
    np.testing.assert_array_equal(joined[2600:3000], samples[200:])
    assert not joined[200:2600].any()
    assert not joined[3000:].any()


def test_without_breaks_nothing_changes() -> None:
    samples = np.ones(400, dtype=np.float32)
    assert insert_pauses(samples, [], hop_length=200, sample_rate=16_000) is samples


@pytest.mark.parametrize("breaks", [[1], [1, 2], [3, -1]])
def test_breaks_must_cover_the_mel(breaks: list[int]) -> None:
    with pytest.raises(ValueError, match="'breaks' add up to .* the mel has 2"):
        insert_pauses(np.ones(400, np.float32), breaks, hop_length=200, sample_rate=16_000)


@pytest.mark.parametrize("gain", [1e-6, 0.5, 3.0])
def test_the_peak_is_just_under_full_scale(gain: float) -> None:
    samples = gain * np.array([0.3, -1.0, 0.2], dtype=np.float32)
    mastered = normalize_peak(samples)
    assert np.abs(mastered).max() == pytest.approx(0.97)
    assert mastered.dtype == np.float32


@pytest.mark.parametrize("length", [0, 10])
def test_silence_stays_silence(length: int) -> None:
    silence = np.zeros(length, dtype=np.float32)
    np.testing.assert_array_equal(normalize_peak(silence), silence)


def test_limiting_touches_only_what_is_too_loud() -> None:
    quiet = np.array([0.3, -0.9], dtype=np.float32)
    assert limit_peak(quiet) is quiet
    np.testing.assert_allclose(limit_peak(4 * quiet), [1 / 3, -1], rtol=1e-6)
