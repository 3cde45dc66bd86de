"""Signals that tests make, and how alike two sounds are."""

import numpy as np

from contract.audio.codec import Audio


def tone(seconds=1.0, rate=24_000, hertz=440.0, level=0.5):
    times = np.arange(round(seconds * rate)) / rate
    return Audio((level * np.sin(2 * np.pi * hertz * times)).astype(np.float32), rate)


def likeness(heard, meant):
    """Correlation at the best lag; 1 for the same sound at any loudness."""
    size = len(heard) + len(meant)
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(meant, size))
    return np.fft.irfft(spectrum, size).max() / (np.linalg.norm(heard) * np.linalg.norm(meant))
