"""The six formats in which audio leaves: one file at once, or one file in pieces.

Pieces join to one continuous file, but lengths that stand in a header are then unknown: WAV says
0xFFFFFFFF, FLAC 0, and MP3 has no Xing frame, so players cannot skip the encoder's delay.
"""

from __future__ import annotations

import io
from enum import StrEnum
from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from contract.audio.codec import Audio, require_finite, resample, wav_bytes
from contract.audio.wav import FloatArray, header, pcm16


class AudioFormat(StrEnum):
    """OpenAI's `response_format`. PCM is bare 16-bit little-endian mono at 24 kHz, as they say."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"

    @property
    def content_type(self) -> str:
        return _CONTENT_TYPES[self]

    def rate_for(self, sample_rate: int) -> int:
        """The rate at which this format carries sound of `sample_rate`, losing as little as can be.

        The next higher rate that the codec knows, else its highest.
        """
        if self is AudioFormat.PCM:
            return PCM_RATE
        rates = _RATES.get(self)
        if rates is None:
            return sample_rate
        return next((rate for rate in rates if rate >= sample_rate), rates[-1])


PCM_RATE = 24_000
_CONTENT_TYPES = {
    AudioFormat.MP3: "audio/mpeg",
    AudioFormat.OPUS: "audio/ogg",
    AudioFormat.AAC: "audio/aac",
    AudioFormat.FLAC: "audio/flac",
    AudioFormat.WAV: "audio/wav",
    AudioFormat.PCM: "audio/pcm",
}
_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_RATES: dict[AudioFormat, tuple[int, ...]] = {
    AudioFormat.MP3: _MPEG_RATES,
    AudioFormat.AAC: (*_MPEG_RATES, 64_000, 88_200, 96_000),
    AudioFormat.OPUS: (8_000, 12_000, 16_000, 24_000, 48_000),
}


class _Encoding(Protocol):
    """Turns samples at the format's own rate into bytes; `end` completes the file."""

    def push(self, samples: FloatArray) -> bytes: ...

    def end(self) -> bytes: ...


class StreamEncoder:
    """Encodes one file in pieces. `sample_rate` is that of the samples pushed.

    `output_rate` overrides the rate of the file; the default is `format.rate_for(sample_rate)`.
    """

    def __init__(
        self, format: AudioFormat, sample_rate: int, *, output_rate: int | None = None
    ) -> None:
        self.output_rate = format.rate_for(output_rate or sample_rate)
        if output_rate is not None and format is AudioFormat.PCM:
            self.output_rate = output_rate
        self._resampler = (
            soxr.ResampleStream(sample_rate, self.output_rate, 1, dtype="float32", quality="HQ")
            if sample_rate != self.output_rate
            else None
        )
        self._encoding = _encoding(format, self.output_rate)

    def push(self, samples: FloatArray) -> bytes:
        """Bytes that are ready so far; often empty, as codecs and the resampler look ahead."""
        return self._encoding.push(self._resampled(samples, last=False))

    def finish(self) -> bytes:
        """The rest of the file. Call once, last."""
        tail = self._resampled(np.zeros(0, np.float32), last=True)
        return self._encoding.push(tail) + self._encoding.end()

    def _resampled(self, samples: FloatArray, *, last: bool) -> FloatArray:
        if self._resampler is None:
            return samples
        return np.asarray(self._resampler.resample_chunk(samples, last=last), np.float32)


def encode(audio: Audio, format: AudioFormat, *, sample_rate: int | None = None) -> bytes:
    """One complete file. `sample_rate` None: the audio's own, or the nearest the format has."""
    rate = format.rate_for(sample_rate or audio.sample_rate)
    if sample_rate is not None and format is AudioFormat.PCM:
        rate = sample_rate
    audio = resample(audio, rate)
    if format is AudioFormat.WAV:
        return wav_bytes(audio)
    require_finite(audio)
    if format is AudioFormat.PCM:
        return pcm16(audio.samples)
    file = io.BytesIO()
    muxer = _Muxer(format, rate, file)
    muxer.write(audio.samples)
    muxer.close()
    return file.getvalue()


def _encoding(format: AudioFormat, sample_rate: int) -> _Encoding:
    if format is AudioFormat.PCM:
        return _Pcm(b"")
    if format is AudioFormat.WAV:
        return _Pcm(header(sample_rate, None))
    return _Compressed(format, sample_rate)


class _Pcm:
    def __init__(self, head: bytes) -> None:
        self._head = head

    def push(self, samples: FloatArray) -> bytes:
        head, self._head = self._head, b""
        return head + pcm16(samples)

    def end(self) -> bytes:
        return b""


class _Compressed:
    def __init__(self, format: AudioFormat, sample_rate: int) -> None:
        self._pipe = _Pipe()
        self._muxer = _Muxer(format, sample_rate, self._pipe)

    def push(self, samples: FloatArray) -> bytes:
        self._muxer.write(samples)
        return self._pipe.take()

    def end(self) -> bytes:
        self._muxer.close()
        return self._pipe.take()


class _Pipe:
    """What FFmpeg writes to when nobody can seek: it must not go back to correct a header."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


# FFmpeg's muxer, encoder and sample format for each compressed format, and the muxer's options.
# Pages and packets are flushed as they come, so that a listener hears the first words early.
_CODECS: dict[AudioFormat, tuple[str, str, str, dict[str, str]]] = {
    AudioFormat.MP3: ("mp3", "libmp3lame", "flt", {"id3v2_version": "0"}),
    AudioFormat.OPUS: ("ogg", "libopus", "flt", {"page_duration": "200000"}),
    AudioFormat.AAC: ("adts", "aac", "flt", {}),
    AudioFormat.FLAC: ("flac", "flac", "s16", {}),
}
# How an encoder searches for the best use of its bits. FFmpeg's default for AAC overshoots by half
# where a loud tone starts, which clicks; LAME's takes twice the time for an equal spectrum.
_SEARCHES: dict[AudioFormat, dict[str, object]] = {
    AudioFormat.AAC: {"aac_coder": "fast"},
    AudioFormat.MP3: {"compression_level": "7"},
}
_MOST_BITS_PER_S = 128_000
_BITS_PER_SAMPLE = 8 / 3
"""64 kbit/s for speech at 24 kHz: transparent for one voice in every lossy codec here."""


class _Muxer:
    """An FFmpeg encoder and container around one mono stream."""

    def __init__(self, format: AudioFormat, sample_rate: int, file: Any) -> None:
        container, codec, self._sample_format, options = _CODECS[format]
        options = {"fflags": "+bitexact", "flush_packets": "1"} | options
        self._container = av.open(file, "w", format=container, options=options)
        stream = self._container.add_stream(codec, rate=sample_rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        stream.options = _SEARCHES.get(format, {})
        self._stream = stream
        self._stream.bit_rate = min(_MOST_BITS_PER_S, round(_BITS_PER_SAMPLE * sample_rate))
        self._rate, self._written = sample_rate, 0

    def write(self, samples: FloatArray) -> None:
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(self._spelled(samples), self._sample_format, "mono")
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._written, Fraction(1, self._rate)
        self._written += len(samples)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _spelled(self, samples: FloatArray) -> NDArray[Any]:
        if self._sample_format == "s16":
            return np.frombuffer(pcm16(samples), np.int16).reshape(1, -1)
        return np.clip(samples, -1, 1).reshape(1, -1)
