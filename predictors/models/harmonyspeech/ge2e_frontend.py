"""What the GE2E speaker encoder hears: levelled speech without pauses, cut into mel windows.

Figures are those of the public encoders' preprocessing (Real-Time-Voice-Cloning, Resemblyzer);
the encoder was trained on them, so none can be set.
"""

from functools import lru_cache

import numpy as np
import webrtcvad  # type: ignore[import-untyped]  # a C extension without stubs
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE = 16_000
WINDOW_FRAMES = 160  # 1.6 s
HARMONY_STEP_FRAMES = 80  # windows overlap by half
RESEMBLYZER_STEP_FRAMES = 77  # 1.3 windows a second: round(100 / 1.3)

_PEAK = 0.9
_LOUDNESS_DBFS = -30.0
_N_FFT = 400  # 25 ms
_HOP = 160  # 10 ms
_N_MELS = 40
_MIN_COVERAGE = 0.75  # a last window with less speech than this is dropped

_VAD_AGGRESSIVENESS = 3  # the strictest of WebRTC's four modes
_VAD_WINDOW = 480  # 30 ms, the longest WebRTC accepts
_VAD_SMOOTHING_WINDOWS = 8
_VAD_DILATION_WINDOWS = 7  # silences up to 6 windows inside speech survive


class NoSpeechError(ValueError):
    """The audio holds no speech to make an embedding from."""


def speech_windows(
    samples: Samples, *, step_frames: int = HARMONY_STEP_FRAMES
) -> NDArray[np.float32]:
    """Mono 16 kHz audio to the encoder's windows, (n, 160, 40), n >= 1.

    Raises NoSpeechError when nothing but silence or noise is left after trimming.
    """
    speech = trim_silence(level(samples))
    if not len(speech):
        raise NoSpeechError("The audio contains no speech. Send a clip in which somebody speaks.")
    return mel_windows(speech, step_frames=step_frames)


def level(samples: Samples) -> Samples:
    """Bring the peak to 0.9, then the loudness up to -30 dBFS if it is below; silence stays."""
    peak = np.abs(samples).max(initial=0.0)
    if not peak > 0:
        return samples
    scaled = samples / peak * np.float32(_PEAK)
    gain_db = _LOUDNESS_DBFS - 10 * np.log10(np.mean(scaled**2))
    gain = np.float32(10 ** (max(gain_db, 0.0) / 20))
    return np.asarray(scaled * gain, dtype=np.float32)


def trim_silence(samples: Samples) -> Samples:
    """Keep what WebRTC's voice activity detector calls speech, with short pauses inside it.

    A tail shorter than 30 ms is dropped. The result may be empty.
    """
    count = len(samples) // _VAD_WINDOW
    if not count:
        return samples[:0]
    samples = samples[: count * _VAD_WINDOW]
    # Levelling can lift single peaks above 1: clip, so that int16 does not wrap around.
    pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    detector = webrtcvad.Vad(mode=_VAD_AGGRESSIVENESS)
    flags = [
        detector.is_speech(window.tobytes(), SAMPLE_RATE)
        for window in pcm.reshape(count, _VAD_WINDOW)
    ]
    kept = _dilate(_smooth(np.asarray(flags, dtype=np.float64)))
    return samples[np.repeat(kept, _VAD_WINDOW)]


def mel_windows(samples: Samples, *, step_frames: int = HARMONY_STEP_FRAMES) -> NDArray[np.float32]:
    """Cut the power mel spectrogram of levelled speech into windows, (n, 160, 40)."""
    starts = window_starts(len(samples), step_frames)
    missing = (starts[-1] + WINDOW_FRAMES) * _HOP - len(samples)
    mel = _power_mel(np.pad(samples, (0, max(missing, 0))))  # (frames, 40)
    return np.stack([mel[start : start + WINDOW_FRAMES] for start in starts])


def window_starts(n_samples: int, step_frames: int) -> list[int]:
    """First mel frame of each window; a poorly covered last one is dropped unless alone."""
    n_frames = -(-(n_samples + 1) // _HOP)
    starts = list(range(0, max(1, n_frames - WINDOW_FRAMES + step_frames + 1), step_frames))
    covered = (n_samples - starts[-1] * _HOP) / (WINDOW_FRAMES * _HOP)
    return starts[:-1] if len(starts) > 1 and covered < _MIN_COVERAGE else starts


def _smooth(flags: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Centred moving average over 8 windows; halves round to even, as the encoder's data did."""
    width = _VAD_SMOOTHING_WINDOWS
    padded = np.pad(flags, ((width - 1) // 2, width // 2))
    sums = np.convolve(padded, np.ones(width), mode="valid")
    return np.round(sums / width).astype(np.bool_)


def _dilate(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    half = _VAD_DILATION_WINDOWS // 2
    padded = np.pad(flags, half)
    neighbours = np.lib.stride_tricks.sliding_window_view(padded, _VAD_DILATION_WINDOWS)
    return np.asarray(neighbours.any(axis=-1))


def _power_mel(samples: Samples) -> NDArray[np.float32]:
    """Centred, zero-padded power mel spectrogram, (1 + len // 160, 40); no logarithm."""
    padded = np.pad(samples, _N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    spectrum = np.fft.rfft(frames * _hann(), axis=-1)  # (frames, 201)
    power = spectrum.real**2 + spectrum.imag**2
    return (power @ slaney_filters()).astype(np.float32)


@lru_cache(maxsize=1)
def _hann() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)


@lru_cache(maxsize=1)
def slaney_filters() -> NDArray[np.float64]:
    """Area-normalised triangles on Slaney's mel scale, 0 to 8000 Hz, (201, 40).

    Slaney, "Auditory Toolbox", 1998: linear below 1 kHz, logarithmic above.
    """
    edges = _slaney_to_hz(np.linspace(0, _hz_to_slaney(SAMPLE_RATE / 2), _N_MELS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, _N_FFT // 2 + 1)[:, None]  # (201, 1)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))  # (201, 40)
    return np.asarray(triangles * 2 / (edges[2:] - edges[:-2]))


# Slaney's scale: 200/3 Hz a mel up to 1 kHz = 15 mel, then 27 steps for every factor of 6.4.
_HZ_PER_MEL = 200 / 3
_LOG_START_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27


def _hz_to_slaney(hz: float) -> float:
    return float(_LOG_START_HZ / _HZ_PER_MEL + np.log(hz / _LOG_START_HZ) / _LOG_STEP)


def _slaney_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    start = _LOG_START_HZ / _HZ_PER_MEL
    curved = _LOG_START_HZ * np.exp(_LOG_STEP * (mels - start))
    return np.where(mels < start, mels * _HZ_PER_MEL, curved)
