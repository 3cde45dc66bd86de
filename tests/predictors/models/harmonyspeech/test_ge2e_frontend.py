"""The speaker encoder's front end gives the recorded windows and cuts silence, not speech."""

import librosa
import numpy as np
import pytest
from clips import jfk
from golden_weights import golden

from predictors.models.harmonyspeech.ge2e_frontend import (
    HARMONY_STEP_FRAMES,
    RESEMBLYZER_STEP_FRAMES,
    NoSpeechError,
    level,
    mel_windows,
    slaney_filters,
    speech_windows,
    trim_silence,
    window_starts,
)

RATE = 16_000


@pytest.mark.parametrize("length", [8000, 40000, 52345])
def test_matches_the_recorded_front_end(length: int) -> None:
    recorded = golden(f"HarmonySpeechEncoder_frontend_{length}")
    levelled = level(recorded["wav"])
    np.testing.assert_allclose(levelled, recorded["pre"], atol=1e-7)
    assert window_starts(length, HARMONY_STEP_FRAMES) == recorded["mel_starts"].tolist()
    np.testing.assert_allclose(mel_windows(levelled), recorded["frames"], atol=1e-6, rtol=1e-5)


def test_filters_are_slaneys() -> None:
    theirs = librosa.filters.mel(sr=RATE, n_fft=400, n_mels=40).T
    np.testing.assert_allclose(slaney_filters(), theirs, atol=1e-7)


def test_levels_quiet_speech_up_and_leaves_loud_speech_at_its_peak() -> None:
    time = np.arange(RATE, dtype=np.float32) / RATE
    tone = np.sin(2 * np.pi * 200 * time)
    assert np.abs(level(0.001 * tone)).max() == pytest.approx(0.9, rel=1e-4)
    click = np.zeros(RATE, dtype=np.float32)
    click[100] = 0.5
    loudness_dbfs = 10 * np.log10(np.mean(level(click) ** 2))
    assert loudness_dbfs == pytest.approx(-30, abs=1e-3)


def test_cuts_long_silence_and_keeps_speech() -> None:
    speech = jfk(RATE)
    silence = np.zeros(3 * RATE, dtype=np.float32)
    kept = trim_silence(level(np.concatenate([silence, speech, silence])))
    assert len(kept) == pytest.approx(len(trim_silence(level(speech))), abs=RATE / 2)
    assert len(kept) > 0.85 * len(speech)


def test_a_click_above_full_scale_does_not_wrap_around() -> None:
    speech = jfk(RATE)[: 4 * RATE].copy()
    speech *= 0.02 / np.abs(speech).max()
    speech[RATE] = 1.0  # levelling on this click lifts it far above 1
    assert np.abs(level(speech)).max() > 2
    assert len(trim_silence(level(speech))) > 2 * RATE


@pytest.mark.parametrize("length", [0, 1, 479, RATE])
def test_says_that_there_is_no_speech(length: int) -> None:
    with pytest.raises(NoSpeechError, match="no speech"):
        speech_windows(np.zeros(length, dtype=np.float32))


@pytest.mark.parametrize("step", [HARMONY_STEP_FRAMES, RESEMBLYZER_STEP_FRAMES])
def test_windows_cover_speech_of_any_length(step: int) -> None:
    for length in [1, 160, 25_599, 25_600, 40_000, 44_799, 44_800, 100_001]:
        starts = window_starts(length, step)
        windows = mel_windows(np.ones(length, dtype=np.float32), step_frames=step)
        assert windows.shape == (len(starts), 160, 40)
        covered_s = (starts[-1] + 160) / 100
        assert length / RATE - covered_s <= 0.75 * 1.6
        assert np.isfinite(windows).all()
