"""Mono float32 audio: decode any container within bounds, encode six formats, resample.

A file that breaks off or is damaged in the middle gives what can be decoded, as in FFmpeg and in
OpenAI's API: a recording cut by a lost connection still holds words. Only a file without a single
decodable frame is refused.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import av.error
import numpy as np
import soxr
from numpy.typing import NDArray

from contract.audio.formats import PCM_RATE, AudioFormat, StreamEncoder, encode_file
from contract.audio.wav import header, layout_of, pcm16, read_samples
from contract.errors import InvalidAudio, ModelFailed, PayloadTooLarge

__all__ = [
    "PCM_RATE",
    "Audio",
    "AudioFormat",
    "AudioLimits",
    "StreamEncoder",
    "decode",
    "encode",
    "read_wav",
    "resample",
    "wav_bytes",
]

FloatArray = NDArray[np.float32]

MIN_RATE, MAX_RATE = 1_000, 192_000
_LOUDEST = 65_536.0
"""Float files scaled like 16-bit integers exist; what is louder overflows in a model's sums."""


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """`samples` is float32 [n], nominally within [-1, 1]; `sample_rate` is in Hz."""

    samples: FloatArray
    sample_rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """Most that one piece of audio may be: as a file, and decoded."""

    max_bytes: int = 64 << 20
    max_seconds: float = 3600.0


# Decode -------------------------------------------------------------------------------------


def decode(
    data: bytes,
    *,
    max_bytes: int,
    max_seconds: float,
    sample_rate: int | None = None,
    param: str = "audio",
) -> Audio:
    """Read a file of any kind, averaged to mono, at `sample_rate` or its own. Blocks: use a thread.

    Raises InvalidAudio, and PayloadTooLarge as soon as a bound is passed, however small the file.
    """
    if not data:
        raise InvalidAudio(f"{param} is empty; send an audio file", param=param)
    if len(data) > max_bytes:
        raise PayloadTooLarge(
            f"{param} has {len(data)} bytes; the most is {max_bytes}", param=param
        )
    reading = _Reading(param, max_seconds, sample_rate)
    layout = layout_of(data)
    if layout is not None:
        reading.check(layout.sample_rate, layout.frames)
        reading.add(read_samples(data, layout), layout.sample_rate)
    else:
        _read_with_ffmpeg(data, reading)
    return reading.audio()


class _Reading:
    """Collects decoded pieces and refuses what is too long or is no sound."""

    def __init__(self, param: str, max_seconds: float, wanted_rate: int | None) -> None:
        self.param = param
        self._max_seconds, self._wanted_rate = max_seconds, wanted_rate
        self._seconds = 0.0
        self._pieces: list[FloatArray] = []
        self._rate: int | None = None
        self._resampler: Any = None

    def check(self, rate: int, samples: int) -> None:
        """Call before samples are decoded, or at least before they are kept."""
        if not MIN_RATE <= rate <= MAX_RATE:
            raise InvalidAudio(
                f"{self.param} has {rate} samples per second; send {MIN_RATE} to {MAX_RATE}",
                param=self.param,
            )
        self._seconds += samples / rate
        if self._seconds > self._max_seconds:
            raise PayloadTooLarge(
                f"{self.param} is longer than {self._max_seconds:g} seconds; send it in parts",
                param=self.param,
            )

    def add(self, samples: FloatArray, rate: int) -> None:
        """Keep samples that `check` has let pass, resampled at once so that memory is bounded."""
        if not np.isfinite(samples).all() or (len(samples) and np.abs(samples).max() > _LOUDEST):
            raise InvalidAudio(
                f"{self.param} holds samples that are no sound (not finite, or far beyond 1.0)",
                param=self.param,
            )
        if rate != self._rate:  # the first piece, or a stream that changes its rate on the way
            self._flush()
            self._start(rate)
        self._keep(samples, last=False)

    def audio(self) -> Audio:
        self._flush()
        samples = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.float32)
        if not len(samples) or self._rate is None:
            raise InvalidAudio(f"{self.param} holds no sound; its length is zero", param=self.param)
        return Audio(samples, self._wanted_rate or self._rate)

    def _start(self, rate: int) -> None:
        self._rate = rate
        self._wanted_rate = self._wanted_rate or rate
        self._resampler = (
            soxr.ResampleStream(rate, self._wanted_rate, 1, dtype="float32", quality="HQ")
            if rate != self._wanted_rate
            else None
        )

    def _flush(self) -> None:
        if self._resampler is not None:
            self._keep(np.zeros(0, np.float32), last=True)

    def _keep(self, samples: FloatArray, *, last: bool) -> None:
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        self._pieces.append(samples)


# Demuxers that read one self-contained file. Playlists (hls, concat, dash) are left out on purpose:
# they make FFmpeg open the files and addresses that an uploaded text names.
_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,"
    "mpeg,mpegts,ogg,oma,rm,tak,tta,voc,w64,wav,wv"
)
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": ""}
_MOST_BAD_PACKETS = 100
_BLOCK_SAMPLES = 16_384
"""Frames are gathered to this before they are resampled: one call per frame costs more than it."""
_MANY_FRAMES, _FEWEST_SAMPLES = 1_000, 16
"""FLAC's smallest block is 16 samples; a long file of smaller ones only burns time."""


def _read_with_ffmpeg(data: bytes, reading: _Reading) -> None:
    param = reading.param
    try:
        with av.open(io.BytesIO(data), options=_OPTIONS, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise InvalidAudio(f"{param} holds no audio track", param=param)
            for samples, rate in _blocks(container, reading):
                reading.add(samples, rate)
    except (av.error.FFmpegError, ValueError, IndexError):
        # ValueError: a format that PyAV cannot spell; IndexError: a track that appears on the way.
        raise InvalidAudio(
            f"{param} is no audio file that can be read; send wav, mp3, flac, ogg, m4a or webm",
            param=param,
        ) from None


def _blocks(container: Any, reading: _Reading) -> Iterator[tuple[FloatArray, int]]:
    """Mono samples and their rate, in pieces of a sensible size."""
    pending: list[FloatArray] = []
    rate = waiting = 0
    for frame in _counted(container, reading):
        if pending and (frame.sample_rate != rate or waiting >= _BLOCK_SAMPLES):
            yield np.concatenate(pending), rate
            pending, waiting = [], 0
        rate = frame.sample_rate
        waiting += frame.samples
        pending.append(_mono(frame))
    if pending:
        yield np.concatenate(pending), rate


def _counted(container: Any, reading: _Reading) -> Iterator[av.AudioFrame]:
    """Frames within bounds of time, and not cut so small that counting them takes for ever."""
    samples = 0
    for count, frame in enumerate(_frames(container), start=1):
        reading.check(frame.sample_rate, frame.samples)
        samples += frame.samples
        if count > _MANY_FRAMES and samples < _FEWEST_SAMPLES * count:
            raise InvalidAudio(
                f"{reading.param} is cut into too small pieces; encode it again",
                param=reading.param,
            )
        yield frame


def _frames(container: Any) -> Iterator[av.AudioFrame]:
    """Decoded frames of the first audio track. Damaged packets are skipped, as players do.

    Raises FFmpegError when nothing but damage is found.
    """
    decoded = failed = 0
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            for frame in packet.decode():
                decoded += 1
                yield frame
        except av.error.FFmpegError:
            failed += 1
            if failed > max(decoded, _MOST_BAD_PACKETS):
                raise


_SCALES = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63, "flt": 1.0, "dbl": 1.0}


def _mono(frame: av.AudioFrame) -> FloatArray:
    """float32 [samples]; channels are averaged."""
    channels = len(frame.layout.channels)
    values = frame.to_ndarray().astype(np.float64)
    values = values if frame.format.is_planar else values.reshape(-1, channels).T
    kind = frame.format.packed.name
    offset = 128.0 if kind == "u8" else 0.0
    return np.asarray((values.mean(axis=0) - offset) / _SCALES[kind], np.float32)


# Encode -------------------------------------------------------------------------------------


def encode(audio: Audio, format: AudioFormat, *, sample_rate: int | None = None) -> bytes:
    """One complete file. `sample_rate` None: the audio's own, or the nearest the format has."""
    rate = format.rate_for(sample_rate or audio.sample_rate)
    if sample_rate is not None and format is AudioFormat.PCM:
        rate = sample_rate
    _require_finite(audio)
    return encode_file(resample(audio, rate).samples, format, rate)


def resample(audio: Audio, sample_rate: int) -> Audio:
    """The same sound at another rate; the very object if it has that rate."""
    if audio.sample_rate == sample_rate:
        return audio
    samples = soxr.resample(audio.samples, audio.sample_rate, sample_rate, quality="HQ")
    return Audio(np.asarray(samples, np.float32), sample_rate)


def wav_bytes(audio: Audio) -> bytes:
    """A mono PCM16 WAV file: how audio travels between rooms."""
    _require_finite(audio)
    body = pcm16(audio.samples)
    return header(audio.sample_rate, len(body)) + body


def read_wav(data: bytes, *, param: str = "audio") -> Audio:
    """Read a WAV file without FFmpeg and without bounds: for what our own rooms wrote."""
    layout = layout_of(data)
    if layout is None or not layout.sample_rate:
        raise InvalidAudio(f"{param} is no WAV file", param=param)
    return Audio(read_samples(data, layout), layout.sample_rate)


def _require_finite(audio: Audio) -> None:
    """Samples that we encode come from a model, so a fault in them is a fault of the model."""
    if not np.isfinite(audio.samples).all():
        raise ModelFailed("the model gave samples that are not finite numbers")
