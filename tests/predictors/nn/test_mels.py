"""Windows cover a mel once, and hear as much of their neighbours as there is."""

import numpy as np
import pytest

from predictors.nn.mels import Window, piece_lengths, windows


def test_a_mel_that_fits_is_one_window() -> None:
    assert list(windows(100, size=100, context=20)) == [Window(0, 0, 100, 100)]


@pytest.mark.parametrize("frames", [1, 99, 101, 119, 200, 555])
def test_windows_cover_every_frame_once(frames: int) -> None:
    cut = windows(frames, size=100, context=20)
    kept = [frame for window in cut for frame in range(window.first, window.last)]
    assert kept == list(range(frames))
    for window in cut:
        assert window.start == max(window.first - 20, 0)
        assert window.stop <= min(window.first + 120, frames)
        assert window.last <= window.stop


def test_what_is_kept_of_a_wave_belongs_to_the_frames() -> None:
    wave = np.repeat(np.arange(80, 220), 3).astype(np.float32)  # 3 samples a frame from frame 80
    kept = Window(80, 100, 200, 220).kept(wave, 3)
    assert kept.tolist() == np.repeat(np.arange(100, 200), 3).tolist()


@pytest.mark.parametrize("pauses", [None, np.zeros(0, np.float32)])
def test_no_pauses_are_no_pieces(pauses: np.ndarray | None) -> None:
    assert piece_lengths(pauses, 9) == []


def test_pieces_may_be_empty() -> None:
    assert piece_lengths(np.float32([4, 0, 5]), 9) == [4, 0, 5]
