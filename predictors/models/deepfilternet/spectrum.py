"""DeepFilterNet's signal path: spectra, what the network is shown of them, and back to sound.

Numbers are those of libDF (github.com/Rikorose/DeepFilterNet, libDF/src/lib.rs): frames of 20 ms
every 10 ms under Vorbis' window, 32 bands as wide as the ear's, running means of one second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.tasks import FloatArray

Spectrum = NDArray[np.complex64]
"""[frames, BINS]"""

SAMPLE_RATE = 48_000
FFT_SIZE = 960
HOP = 480
BINS = FFT_SIZE // 2 + 1
BANDS = 32
DEEP_BINS = 96
"""The lowest bins, up to 4.8 kHz, which are filtered over time; the others are only attenuated."""
_MIN_BAND_BINS = 2
_DECAY = 0.99
"""exp(-HOP / SAMPLE_RATE / 1 s), to the digits that libDF keeps."""
_FIRST_MEAN_DB = np.linspace(-60, -90, BANDS, dtype=np.float32)
_FIRST_UNIT = np.linspace(0.001, 0.0001, DEEP_BINS, dtype=np.float32)
_DB_SPAN = 40.0
_EAR_Q, _EAR_HZ = 9.265, 24.7


def _window() -> FloatArray:
    inner = np.sin(np.pi * (np.arange(FFT_SIZE) + 0.5) / FFT_SIZE)
    return np.sin(0.5 * np.pi * inner * inner).astype(np.float32)


def _band_widths() -> NDArray[np.int64]:
    """Bins of each band: equal steps on the ear's scale, at least two bins each."""
    top = _EAR_Q * np.log1p(SAMPLE_RATE / 2 / (_EAR_HZ * _EAR_Q))
    widths, before, owed = [], 0, 0
    for number in range(1, BANDS + 1):
        edge_hz = _EAR_HZ * _EAR_Q * np.expm1(top * number / BANDS / _EAR_Q)
        edge = round(edge_hz / (SAMPLE_RATE / FFT_SIZE))
        width = edge - before - owed
        owed = max(_MIN_BAND_BINS - width, 0)
        widths.append(max(width, _MIN_BAND_BINS))
        before = edge
    widths[-1] += BINS - sum(widths)
    return np.array(widths)


_WINDOW = _window()
BAND_WIDTHS = _band_widths()
_BAND_STARTS = np.concatenate([[0], np.cumsum(BAND_WIDTHS)[:-1]])


def padded(samples: FloatArray) -> FloatArray:
    """A hop of silence before, what is missing of a hop and another behind: hop 1 is the first."""
    hops = -(-len(samples) // HOP)
    whole = np.zeros((hops + 2) * HOP, np.float32)
    whole[HOP : HOP + len(samples)] = samples
    return whole


def analysed(samples: FloatArray) -> Spectrum:
    """Spectra of every two neighbouring hops of whole hops."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, FFT_SIZE)[::HOP]
    return (np.fft.rfft(windows * _WINDOW, axis=1) / FFT_SIZE).astype(np.complex64)


def synthesised(spectrum: Spectrum) -> FloatArray:
    """Sound of all hops that two of the frames share: one fewer than there are frames."""
    windows = np.fft.irfft(spectrum, FFT_SIZE, axis=1).astype(np.float32) * FFT_SIZE * _WINDOW
    halves = windows.reshape(-1, 2, HOP)
    return np.asarray((halves[:-1, 1] + halves[1:, 0]).reshape(-1))


class Listener:
    """What the network is shown of one frame after another: each against the last second."""

    def __init__(self) -> None:
        self._mean_db, self._unit = _FIRST_MEAN_DB, _FIRST_UNIT

    def features(self, spectrum: Spectrum) -> tuple[FloatArray, Spectrum]:
        """Levels of the bands [frames, BANDS], and the lowest bins [frames, DEEP_BINS]."""
        energy = np.add.reduceat(np.abs(spectrum) ** 2, _BAND_STARTS, axis=1) / BAND_WIDTHS
        level_db = (10 * np.log10(energy + 1e-10)).astype(np.float32)
        means_db = _running_mean(level_db, self._mean_db)
        low = spectrum[:, :DEEP_BINS]
        units = _running_mean(np.abs(low), self._unit)
        self._mean_db, self._unit = means_db[-1], units[-1]
        return (level_db - means_db) / _DB_SPAN, (low / np.sqrt(units)).astype(np.complex64)


def _running_mean(values: FloatArray, first: FloatArray) -> FloatArray:
    means, mean = np.empty_like(values), first
    for number, value in enumerate(values):
        mean = value * np.float32(1 - _DECAY) + mean * np.float32(_DECAY)
        means[number] = mean
    return means


def per_bin(gains: FloatArray) -> FloatArray:
    """[frames, BANDS] as [frames, BINS]."""
    return np.repeat(gains, BAND_WIDTHS, axis=1)
