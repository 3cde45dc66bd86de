"""Sound as it arrives on the socket, and the stretch of it that is still needed."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import soxr
from numpy.typing import NDArray

from contract.audio.codec import Audio
from ingress.media import SPEECH_RATE

Int16Array = NDArray[np.int16]


class InputFormat(StrEnum):
    """OpenAI's names (openai-python, types/realtime/realtime_audio_formats.py)."""

    PCM = "audio/pcm"
    MU_LAW = "audio/pcmu"
    A_LAW = "audio/pcma"


PCM_RATE, G711_RATE = 24_000, 8_000


def _mu_law() -> Int16Array:
    """Samples of the 256 codes (ITU-T G.711, table 2)."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _a_law() -> Int16Array:
    """Samples of the 256 codes (ITU-T G.711, table 1)."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = (mantissa << 4) + 8 + np.where(exponent > 0, 0x100, 0)
    size <<= np.maximum(exponent - 1, 0)
    return np.where(code & 0x80, size, -size).astype(np.int16)


_TABLES = {InputFormat.MU_LAW: _mu_law(), InputFormat.A_LAW: _a_law()}


class InputDecoder:
    """Bytes of one stream to samples at SPEECH_RATE. Bytes may be cut anywhere."""

    def __init__(self, form: InputFormat, rate: int) -> None:
        self._table = _TABLES.get(form)
        self._rate = rate if self._table is None else G711_RATE
        self.bytes_per_s = self._rate * (2 if self._table is None else 1)
        self._odd = b""
        self._restart()

    def decode(self, data: bytes) -> Int16Array:
        """Int16 [n] at SPEECH_RATE; the last few ms come with the next bytes, or with finish()."""
        resampled: Int16Array = self._resampler.resample_chunk(self.samples(data))
        return resampled

    def finish(self) -> Int16Array:
        """What is left of the stream. Another may follow."""
        rest: Int16Array = self._resampler.resample_chunk(np.zeros(0, np.int16), last=True)
        self._restart()
        return rest

    def _restart(self) -> None:
        self._odd = b""
        self._resampler = soxr.ResampleStream(self._rate, SPEECH_RATE, 1, dtype="int16")

    def samples(self, data: bytes) -> Int16Array:
        """Int16 at the stream's own rate."""
        if self._table is not None:
            return self._table[np.frombuffer(data, np.uint8)]
        data = self._odd + data
        even = len(data) // 2 * 2
        self._odd = data[even:]
        return np.frombuffer(data[:even], "<i2").astype(np.int16, copy=False)


class SoundBuffer:
    """The end of a stream. Places are samples at SPEECH_RATE since the session began."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.start = 0

    @property
    def end(self) -> int:
        return self.start + len(self._bytes) // 2

    def append(self, samples: Int16Array) -> None:
        self._bytes += samples.tobytes()

    def discard_before(self, place: int) -> None:
        count = min(max(place - self.start, 0), self.end - self.start)
        del self._bytes[: 2 * count]
        self.start += count

    def audio(self, start: int, end: int) -> Audio:
        """A copy of what is left of the stretch."""
        first, last = max(start - self.start, 0), max(end - self.start, 0)
        samples = np.frombuffer(bytes(self._bytes[2 * first : 2 * last]), np.int16)
        return Audio(samples.astype(np.float32) / np.float32(32768), SPEECH_RATE)


def milliseconds(place: int) -> int:
    return place * 1000 // SPEECH_RATE


def samples(ms: float) -> int:
    return round(ms * SPEECH_RATE / 1000)
