"""PCM16 in WAV without FFmpeg: how audio travels between rooms, and the commonest upload.

Layout: http://soundfile.sapp.org/doc/WaveFormat/ and, for WAVE_FORMAT_EXTENSIBLE, Microsoft's
"Multiple channel audio data and WAVE files".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

UNKNOWN_LENGTH = 0xFFFFFFFF
"""In both length fields of a stream whose end nobody knows yet, as FFmpeg writes to a pipe."""
_MOST_CHUNKS = 64
"""A file of more is left to FFmpeg: each chunk takes time, and eight bytes are enough for one."""
_BLOCK_FRAMES = 1 << 18
_PCM, _EXTENSIBLE = 1, 0xFFFE
_LONGEST_FORM = 40


@dataclass(frozen=True, slots=True)
class WavLayout:
    """Where the samples of a WAV file are."""

    channels: int
    sample_rate: int
    start: int
    """Byte offset of the first sample."""
    frames: int
    """Samples per channel that the file really holds, whatever its header claims."""


def pcm16(samples: FloatArray) -> bytes:
    """Round to 16-bit little-endian; what is beyond full scale is clipped, never wrapped."""
    data = np.empty(len(samples), "<i2")
    for at in range(0, len(samples), _BLOCK_FRAMES):
        scaled = np.rint(samples[at : at + _BLOCK_FRAMES] * np.float32(32768))
        data[at : at + _BLOCK_FRAMES] = np.clip(scaled, -32768, 32767)
    return data.tobytes()


def header(sample_rate: int, data_bytes: int | None) -> bytes:
    """44 bytes in front of mono PCM16. `data_bytes` None: a stream of unknown length."""
    riff_bytes = UNKNOWN_LENGTH if data_bytes is None else data_bytes + 36
    size = UNKNOWN_LENGTH if data_bytes is None else data_bytes
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, sample_rate, sample_rate * 2, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        + form
        + b"data"
        + size.to_bytes(4, "little")
    )


def layout_of(data: bytes) -> WavLayout | None:
    """Parse the chunks. None when FFmpeg must read this: not WAV, damaged, or not PCM16."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    form: tuple[int, int, int, int] | None = None
    for name, start, size in islice(_chunks(data), _MOST_CHUNKS):
        if name == b"fmt ":
            form = _form(data[start : start + min(size, _LONGEST_FORM)])
        elif name == b"data":
            return _layout(form, start, _held(data, start, size))
    return None


def _held(data: bytes, start: int, size: int) -> int:
    """Bytes of samples. Programs that write to a pipe leave both lengths 0, or at their highest."""
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    is_followed = start < riff_end <= len(data)  # what comes then is other chunks, not samples
    return min(size, len(data) - start) if size or is_followed else len(data) - start


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of the body, claimed size); bodies are padded to an even length."""
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, size
        at += 8 + size + size % 2


def _form(body: bytes) -> tuple[int, int, int, int] | None:
    """(format tag, channels, sample rate, bits per sample)"""
    if len(body) < 16:
        return None
    tag, channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)  # the sub-format's first two bytes
    return tag, channels, sample_rate, bits


def _layout(form: tuple[int, int, int, int] | None, start: int, size: int) -> WavLayout | None:
    if form is None:
        return None
    tag, channels, sample_rate, bits = form
    if (tag, bits) != (_PCM, 16) or channels < 1:
        return None
    return WavLayout(channels, sample_rate, start, size // (2 * channels))


def sample_blocks(data: bytes, layout: WavLayout) -> Iterator[FloatArray]:
    """All samples as float32 [n], channels averaged, in blocks: conversions need more memory."""
    frame = 2 * layout.channels
    end = layout.start + layout.frames * frame
    for at in range(layout.start, end, _BLOCK_FRAMES * frame):
        raw = memoryview(data)[at : min(at + _BLOCK_FRAMES * frame, end)]
        samples = np.frombuffer(raw, "<i2").astype(np.float32)
        samples *= np.float32(1 / 32768)
        if layout.channels > 1:
            channels = samples.reshape(-1, layout.channels)
            samples = channels.mean(axis=1, dtype=np.float32)
            if layout.channels == 2 and cancel_out(samples, channels[:, 0]):
                samples = channels[:, 0].copy()
        yield samples


def cancel_out(mean: NDArray[np.floating], first: NDArray[np.floating]) -> bool:
    """Whether the average of two channels [n] is 30 dB below the first: one of them is upside down,
    as a cable of the wrong polarity leaves it, and either alone is what was recorded."""
    return bool(np.dot(mean, mean) < 0.001 * np.dot(first, first))


def read_samples(data: bytes, layout: WavLayout) -> FloatArray:
    """Every sample as float32 [frames], channels averaged."""
    samples = np.empty(layout.frames, np.float32)
    at = 0
    for block in sample_blocks(data, layout):
        samples[at : at + len(block)] = block
        at += len(block)
    return samples
