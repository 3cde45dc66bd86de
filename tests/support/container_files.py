"""A third of a second of sound in every container that people send."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

FORMATS = (
    ("flac", "flac"),
    ("mp3", "libmp3lame"),
    ("ogg", "libopus"),
    ("ogg", "vorbis"),
    ("ogg", "flac"),
    ("ipod", "aac"),
    ("ipod", "alac"),
    ("mov", "pcm_s16be"),
    ("webm", "libopus"),
    ("matroska", "flac"),
    ("adts", "aac"),
    ("aiff", "pcm_s16be"),
    ("au", "pcm_s16be"),
    ("caf", "pcm_s16le"),
    ("w64", "pcm_s16le"),
    ("wav", "adpcm_ms"),
    ("mpegts", "mp2"),
    ("asf", "wmav2"),
    ("avi", "ac3"),
    ("flv", "libmp3lame"),
    ("wv", "wavpack"),
    ("tta", "tta"),
)
"""(FFmpeg's container, its encoder)"""
_SECONDS, _RATE = 0.35, 44_100


def written(container: str, codec: str) -> bytes:
    times = np.arange(round(_SECONDS * _RATE)) / _RATE
    samples = np.float32(0.4) * np.sin(2 * np.pi * 330 * times).astype(np.float32)
    file = io.BytesIO()
    with av.open(file, "w", format=container, options={"fflags": "+bitexact"}) as out:
        rate = 48_000 if codec == "libopus" else _RATE
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        stream.options = {"strict": "experimental"}  # FFmpeg's own Vorbis
        stream.bit_rate = 128_000
        frame = av.AudioFrame.from_ndarray(np.repeat(samples, 2).reshape(1, -1), "flt", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = _RATE, 0, Fraction(1, _RATE)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
