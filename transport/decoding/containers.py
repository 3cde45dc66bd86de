"""Any container, read by FFmpeg. Native code over untrusted bytes: servers run it in a process
of its own (transport/decoding).

A file that breaks off or is damaged in the middle gives what can be decoded, as in FFmpeg and in
OpenAI's API: a recording cut by a lost connection still holds words. Only a file without a single
decodable frame is refused.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import av
import av.error
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from contract.audio.wav import FloatArray, cancel_out
from transport.decoding.refusals import (
    MAX_CHANNELS,
    MAX_RATE,
    MAX_TRACKS,
    MIN_RATE,
    AudioRefused,
    Reason,
)

# Demuxers that read one self-contained file. Playlists (hls, concat, dash) are left out on purpose:
# they make FFmpeg open the files and addresses that an uploaded text names.
_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,"
    "mpeg,mpegts,ogg,oma,rm,tak,tta,voc,w64,wav,wv"
)
# Decoders of sound that people send. FFmpeg knows 550 more, most of them for old games and video,
# and would run any of them on a file that asks for it.
_DECODERS = (
    "aac,aac_latm,ac3,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_yamaha,alac,amrnb,amrwb,ape,atrac3,"
    "atrac3plus,cook,dca,eac3,flac,g722,g726,gsm,gsm_ms,libopencore_amrnb,libopencore_amrwb,"
    "libopus,mp1,mp1float,mp2,mp2float,mp3,mp3float,nellymoser,opus,pcm_alaw,pcm_f32be,pcm_f32le,"
    "pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,"
    "pcm_s8,pcm_u8,real_144,real_288,sipr,speex,tak,tta,vorbis,wavpack,wmalossless,wmapro,wmav1,"
    "wmav2,wmavoice"
)
_OPTIONS = {
    "format_whitelist": _CONTAINERS,
    "protocol_whitelist": "",
    "codec_whitelist": _DECODERS,
    "max_streams": str(MAX_TRACKS + 1),
}
_MOST_BAD_PACKETS = 100
_PLANES = 8
"""libavutil/frame.h, AV_NUM_DATA_POINTERS."""
_BLOCK_SAMPLES = 16_384
"""Frames are gathered to this before they are resampled: one call per frame costs more than it."""
_MANY_FRAMES, _FEWEST_SAMPLES = 1_000, 16
"""FLAC's smallest block is 16 samples; a long file of smaller ones only burns time."""


def container_blocks(data: bytes) -> Iterator[tuple[FloatArray, int]]:
    """Mono samples and their rate, in pieces of a sensible size. Raises AudioRefused."""
    if data[:4] == b"RIFX":  # FFmpeg takes its samples for little-endian: noise
        raise AudioRefused(Reason.CODEC)
    try:
        with av.open(io.BytesIO(data), options=_OPTIONS, metadata_errors="replace") as container:
            yield from _blocks(container, _track(container))
    except MemoryError:  # Python's own and FFmpeg's ENOMEM
        raise AudioRefused(Reason.MEMORY) from None
    except (av.error.FFmpegError, ValueError, IndexError):
        # ValueError: a format that PyAV cannot spell; IndexError: a track that appears on the way.
        is_cut = data[4:8] == b"ftyp" and b"moov" not in data
        raise AudioRefused(Reason.NO_INDEX if is_cut else Reason.UNREADABLE) from None


def _track(container: Any) -> Any:
    """The audio track to hear, if all that its header declares is within bounds.

    The first that the file marks as default, as players choose; the first where none is. Tracks
    that cannot be decoded are passed over, as some phones record a spatial one beside AAC.
    """
    if len(container.streams) > MAX_TRACKS:
        raise AudioRefused(Reason.TRACKS, len(container.streams))
    if not container.streams.audio:
        raise AudioRefused(Reason.NO_TRACK)
    known = [track for track in container.streams.audio if _is_decodable(track.codec_context)]
    if not known:
        raise AudioRefused(Reason.CODEC)
    track = next((one for one in known if one.disposition & Disposition.default), known[0])
    codec = track.codec_context
    if codec.layout.nb_channels:  # some headers leave it to the frames
        _check(codec.sample_rate or MIN_RATE, codec.layout.nb_channels)
    codec.thread_count = 1  # more only reserve memory: sound is decoded one packet after another
    return track


def _is_decodable(codec: Any) -> bool:
    return codec is not None and codec.name in _DECODERS.split(",")


def _check(rate: int, channels: int) -> None:
    """PyAV reads pointers beyond the end of a planar frame that has more than 8 channels."""
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioRefused(Reason.CHANNELS, channels)
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioRefused(Reason.RATE, rate)


def _blocks(container: Any, track: Any) -> Iterator[tuple[FloatArray, int]]:
    pending: list[NDArray[Any]] = []
    spelled: _Spelling | None = None
    waiting = 0
    for frame in _interleaved(_counted(container, track)):
        spelling = _spelling(frame)
        if spelled is not None and (spelling != spelled or waiting >= _BLOCK_SAMPLES):
            yield spelled.mono(pending), spelled.rate
            pending, waiting = [], 0
        spelled = spelling
        waiting += frame.samples
        pending.append(frame.to_ndarray())
    if spelled is not None:
        yield spelled.mono(pending), spelled.rate


def _counted(container: Any, track: Any) -> Iterator[av.AudioFrame]:
    """Frames within bounds, and not cut so small that counting them takes for ever."""
    samples = 0
    for count, frame in enumerate(_frames(container, track), start=1):
        _check(frame.sample_rate, frame.layout.nb_channels)
        samples += frame.samples
        if count > _MANY_FRAMES and samples < _FEWEST_SAMPLES * count:
            raise AudioRefused(Reason.SMALL_FRAMES)
        yield frame


def _interleaved(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Frames of eight planes with one plane instead, as surround sound of AAC comes: FFmpeg's list
    of planes holds eight, and PyAV counts them up to a null that a full list does not have."""
    resampler: av.AudioResampler | None = None
    before: _Spelling | None = None
    for frame in frames:
        if not frame.format.is_planar or frame.layout.nb_channels < _PLANES:
            yield frame
            continue
        spelling = _spelling(frame)
        if resampler is None or spelling != before:
            resampler, before = av.AudioResampler(frame.format.packed), spelling
        yield from resampler.resample(frame)


def _frames(container: Any, track: Any) -> Iterator[av.AudioFrame]:
    """Decoded frames of the track. Damaged packets are skipped, as players do.

    Raises FFmpegError when nothing but damage is found.
    """
    decoded = failed = 0
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            for frame in packet.decode():
                decoded += 1
                yield frame
        except MemoryError:
            raise
        except av.error.FFmpegError:
            failed += 1
            if failed > max(decoded, _MOST_BAD_PACKETS):
                raise


_SCALES = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63, "flt": 1.0, "dbl": 1.0}


class _Spelling(NamedTuple):
    """How a frame holds its samples."""

    format: str
    """FFmpeg's name; with a p at its end each channel has a plane of its own."""
    channels: int
    rate: int

    def mono(self, frames: list[NDArray[Any]]) -> FloatArray:
        """float32 [samples] of frames as PyAV gives them; channels are averaged."""
        values = np.concatenate(frames, axis=1)  # (channels, samples), or (1, samples x channels)
        kind = self.format.removesuffix("p")
        if self.channels == 1 and kind == "flt":
            return np.asarray(values[0], np.float32)
        planes = values if kind != self.format else values.reshape(-1, self.channels).T
        total = planes[0].astype(np.float64)
        for plane in planes[1:]:
            total += plane
        offset = 128.0 if kind == "u8" else 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # what is infinite is refused
            mean = total / self.channels - offset
            if self.channels == 2:
                first = planes[0] - offset
                mean = first if cancel_out(mean, first) else mean
            return np.asarray(mean / _SCALES[kind], np.float32)


def _spelling(frame: av.AudioFrame) -> _Spelling:
    return _Spelling(frame.format.name, frame.layout.nb_channels, frame.sample_rate)
