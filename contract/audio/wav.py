"""WAV of 16-bit or float samples without FFmpeg: PCM16 is how audio travels between rooms, and
both are the commonest uploads.

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
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_DTYPES = {(_PCM, 16): "i2", (_FLOAT, 32): "f4"}
PCM16 = "<i2"
_BYTE_ORDERS = {b"RIFF": "<", b"RIFX": ">"}
_LONGEST_FORM = 40
_NAMES = (b"fmt ", b"data", b"LIST", b"fact", b"bext", b"cue ", b"PEAK", b"JUNK", b"id3 ")
"""Of chunks that may follow one of odd length."""
_LOUDEST_FLOAT = 32.0
_FULL_SCALES = (2.0**15, 2.0**23, 2.0**31)


@dataclass(frozen=True, slots=True)
class WavLayout:
    """Where the samples of a WAV file are."""

    channels: int
    sample_rate: int
    start: int
    """Byte offset of the first sample."""
    frames: int
    """Samples per channel that the file really holds, whatever its header claims."""
    dtype: str
    """NumPy's name for the samples' type and byte order."""


def pcm16(samples: FloatArray) -> bytes:
    """Round to 16-bit little-endian; what is beyond full scale is clipped, never wrapped."""
    data = np.empty(len(samples), PCM16)
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
    """Parse the chunks. None when FFmpeg must read this: not WAV, damaged, or of other samples."""
    order = _BYTE_ORDERS.get(data[:4])
    if order is None or data[8:12] != b"WAVE":
        return None
    form: tuple[int, int, int, int] | None = None
    for name, start, size in islice(_chunks(data, order), _MOST_CHUNKS):
        if name == b"fmt ":
            form = _form(data[start : start + min(size, _LONGEST_FORM)], order)
        elif name == b"data":
            return _layout(form, start, _held(data, start, size, order), order)
    return None


def _held(data: bytes, start: int, size: int, order: str) -> int:
    """Bytes of samples. Programs that write to a pipe leave both lengths 0, or at their highest."""
    riff_end = 8 + int(struct.unpack_from(f"{order}I", data, 4)[0])
    is_followed = start < riff_end <= len(data)  # what comes then is other chunks, not samples
    return min(size, len(data) - start) if size or is_followed else len(data) - start


def _chunks(data: bytes, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of the body, claimed size); bodies are padded to an even length, but by programs
    that forget it."""
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sI", data, at)
        yield name, at + 8, size
        at += 8 + size
        at += size % 2 and data[at : at + 4] not in _NAMES


def _form(body: bytes, order: str) -> tuple[int, int, int, int] | None:
    """(format tag, channels, sample rate, bits per sample)"""
    if len(body) < 16:
        return None
    tag, channels, sample_rate, _, _, bits = struct.unpack_from(f"{order}HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from(f"{order}H", body, 24)  # the sub-format's first two bytes
    return tag, channels, sample_rate, bits


def _layout(
    form: tuple[int, int, int, int] | None, start: int, size: int, order: str
) -> WavLayout | None:
    if form is None:
        return None
    tag, channels, sample_rate, bits = form
    dtype = _DTYPES.get((tag, bits))
    if dtype is None or channels < 1:
        return None
    frames = size // (bits // 8 * channels)
    return WavLayout(channels, sample_rate, start, frames, order + dtype)


def sample_blocks(data: bytes, layout: WavLayout) -> Iterator[FloatArray]:
    """All samples as float32 [n], channels averaged, in blocks: conversions need more memory."""
    full_scale = np.float32(_full_scale(data, layout))
    for raw in _raw_blocks(data, layout):
        samples = raw.astype(np.float32)
        if full_scale != 1:
            samples *= 1 / full_scale
        if layout.channels > 1:
            channels = samples.reshape(-1, layout.channels)
            samples = channels.mean(axis=1, dtype=np.float32)
            if layout.channels == 2 and cancel_out(samples, channels[:, 0]):
                samples = channels[:, 0].copy()
        yield samples


def _raw_blocks(data: bytes, layout: WavLayout) -> Iterator[NDArray[np.generic]]:
    """The samples as they are stored, channels interleaved."""
    kind = np.dtype(layout.dtype)
    frame = kind.itemsize * layout.channels
    end = layout.start + layout.frames * frame
    for at in range(layout.start, end, _BLOCK_FRAMES * frame):
        yield np.frombuffer(memoryview(data)[at : min(at + _BLOCK_FRAMES * frame, end)], kind)


def _full_scale(data: bytes, layout: WavLayout) -> float:
    """What counts as 1.0. Programs write the numbers of 16, 24 or 32 bits as floats, undivided;
    floats a little beyond 1.0 are only loud, and those beyond all of these no sound."""
    if layout.dtype.endswith("i2"):
        return _FULL_SCALES[0]
    peaks = [float(np.abs(block).max()) for block in _raw_blocks(data, layout)]
    peak = max(peaks, default=0.0)
    if not peak > _LOUDEST_FLOAT:
        return 1.0
    return next((full for full in _FULL_SCALES if peak <= 2 * full), 1.0)


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
