"""Mono float32 audio, and as the WAV file in which it travels between rooms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from contract.audio.wav import PCM16, FloatArray, WavLayout, header, layout_of, pcm16, read_samples
from contract.errors import InvalidAudio, ModelFailed


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """`samples` is float32 [n], nominally within [-1, 1]; `sample_rate` is in Hz."""

    samples: FloatArray
    sample_rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate

    @property
    def nbytes(self) -> int:
        return self.samples.nbytes


class WavAudio(Audio):
    """Sound that is still its file, a mono PCM16 WAV: decoded when somebody listens, and sent on
    as it came. Made by `undecoded`."""

    __slots__ = ("_decoded", "_layout", "wav")
    wav: bytes
    _layout: WavLayout
    _decoded: FloatArray | None

    def __init__(self, wav: bytes, layout: WavLayout) -> None:
        own = {"wav": wav, "_layout": layout, "_decoded": None, "sample_rate": layout.sample_rate}
        for name, value in own.items():
            object.__setattr__(self, name, value)  # the class is frozen

    @property
    def samples(self) -> FloatArray:
        found = self._decoded
        if found is None:
            found = read_samples(self.wav, self._layout)
            object.__setattr__(self, "_decoded", found)
        return found

    @property
    def duration_s(self) -> float:
        return self._layout.frames / self.sample_rate

    @property
    def nbytes(self) -> int:
        """The file and its samples: what it holds once somebody has listened."""
        return len(self.wav) + np.dtype(np.float32).itemsize * self._layout.frames


_MOST_BESIDE_SOUND = 4096
"""Bytes of header and notes in a file that is sent on as it came."""


def undecoded(data: bytes) -> WavAudio | None:
    """The sound of a mono PCM16 WAV file without reading its samples; None for anything else."""
    layout = layout_of(data)
    if layout is None or layout.channels != 1 or layout.dtype != PCM16:
        return None
    if len(data) - 2 * layout.frames > _MOST_BESIDE_SOUND:
        return None
    return WavAudio(data, layout) if layout.frames and layout.sample_rate else None


def resample(audio: Audio, sample_rate: int) -> Audio:
    """The same sound at another rate; the very object if it has that rate."""
    if audio.sample_rate == sample_rate:
        return audio
    samples = soxr.resample(audio.samples, audio.sample_rate, sample_rate, quality="HQ")
    return Audio(np.asarray(samples, np.float32), sample_rate)


def wav_bytes(audio: Audio) -> bytes:
    """A mono PCM16 WAV file: how audio travels between rooms."""
    if isinstance(audio, WavAudio):
        return audio.wav
    require_finite(audio)
    body = pcm16(audio.samples)
    return header(audio.sample_rate, len(body)) + body


def read_wav(data: bytes, *, param: str = "audio") -> Audio:
    """Read PCM16 in WAV, without FFmpeg and without bounds: what our own rooms wrote."""
    found = undecoded(data)
    if found is not None:
        return found
    layout = layout_of(data)
    if layout is None or not layout.sample_rate or layout.dtype != PCM16:
        raise InvalidAudio(f"{param} is no WAV file of 16-bit samples", param=param)
    return Audio(read_samples(data, layout), layout.sample_rate)


def require_finite(audio: Audio) -> None:
    """Samples that we encode come from a model, so an error in them is the model's."""
    if not np.isfinite(audio.samples).all():
        raise ModelFailed("the model gave samples that are not finite numbers")
