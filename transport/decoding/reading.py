"""From a file to mono float32, block by block, within bounds: what one decoder does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from contract.audio.codec import Audio
from contract.audio.wav import FloatArray, WavLayout, layout_of, sample_blocks
from transport.decoding.containers import container_blocks
from transport.decoding.refusals import (
    MAX_CHANNELS,
    MAX_RATE,
    MIN_RATE,
    AudioLimits,
    AudioRefused,
    Reason,
)

MAX_KEPT_RATE = 48_000
"""Sound keeps its own rate up to this; no model hears more, and memory would be four times it."""
_LOUDEST = 65_536.0
"""Float files scaled like 16-bit integers exist; what is louder overflows in a model's sums."""


def decode(
    data: bytes,
    *,
    max_bytes: int,
    max_seconds: float,
    sample_rate: int | None = None,
    param: str = "audio",
) -> Audio:
    """Read a file that is trusted, averaged to mono, at `sample_rate` or its own.

    Blocks, and a hostile file may end the process: servers use decoders.py. Raises InvalidAudio,
    and PayloadTooLarge as soon as a bound is passed, however small the file.
    """
    limits = AudioLimits(max_bytes, max_seconds)
    try:
        return read_audio(data, limits, sample_rate)
    except AudioRefused as refused:
        raise refused.error(param, limits) from None


def read_audio(data: bytes, limits: AudioLimits, sample_rate: int | None) -> Audio:
    """The same, for who has to know why a file was refused. Raises AudioRefused."""
    blocks, rates = zip(*decoded_blocks(data, limits, sample_rate), strict=True)
    return Audio(blocks[0] if len(blocks) == 1 else np.concatenate(blocks), rates[0])


def decoded_blocks(
    data: bytes, limits: AudioLimits, sample_rate: int | None
) -> Iterator[tuple[FloatArray, int]]:
    """Pieces of float32 [n], averaged to mono, and their rate in Hz, which is the same for all.

    `sample_rate` None: the file's own, at most MAX_KEPT_RATE. Raises AudioRefused as soon as a
    bound is passed, however small the file.
    """
    check_size(data, limits)
    layout = layout_of(data)
    blocks = container_blocks(data) if layout is None else _wav_blocks(data, layout, limits)
    kept = 0
    for block, rate in _resampled(_checked(blocks, limits), sample_rate):
        kept += len(block)
        if kept > limits.max_samples:
            raise AudioRefused(Reason.TOO_MANY_SAMPLES)
        if len(block):
            yield block, rate
    if not kept:
        raise AudioRefused(Reason.NO_SOUND)


def check_size(data: bytes, limits: AudioLimits) -> None:
    """Raises AudioRefused for a file that need not be read to be refused."""
    if not data:
        raise AudioRefused(Reason.EMPTY)
    if len(data) > limits.max_bytes:
        raise AudioRefused(Reason.TOO_MANY_BYTES, len(data))


def _wav_blocks(
    data: bytes, layout: WavLayout, limits: AudioLimits
) -> Iterator[tuple[FloatArray, int]]:
    if layout.channels > MAX_CHANNELS:
        raise AudioRefused(Reason.CHANNELS, layout.channels)
    if not MIN_RATE <= layout.sample_rate <= MAX_RATE:
        raise AudioRefused(Reason.RATE, layout.sample_rate)
    if layout.frames > limits.max_seconds * layout.sample_rate:
        raise AudioRefused(Reason.TOO_LONG)
    for block in sample_blocks(data, layout):
        yield block, layout.sample_rate


def _checked(
    blocks: Iterable[tuple[FloatArray, int]], limits: AudioLimits
) -> Iterator[tuple[FloatArray, int]]:
    seconds = 0.0
    for samples, rate in blocks:
        seconds += len(samples) / rate
        if seconds > limits.max_seconds:
            raise AudioRefused(Reason.TOO_LONG)
        if len(samples) and not np.abs(samples).max() <= _LOUDEST:  # NaN compares as false
            raise AudioRefused(Reason.NOT_SOUND)
        yield samples, rate


def _resampled(
    blocks: Iterable[tuple[FloatArray, int]], wanted: int | None
) -> Iterator[tuple[FloatArray, int]]:
    """Every block at one rate, also those of a stream that changes its rate on the way."""
    resampler: soxr.ResampleStream | None = None
    source = 0
    for samples, rate in blocks:
        wanted = wanted or min(rate, MAX_KEPT_RATE)
        if rate != source:
            yield from _rest(resampler, wanted)
            source, resampler = rate, _resampler(rate, wanted)
        yield samples if resampler is None else resampler.resample_chunk(samples), wanted
    if wanted is not None:
        yield from _rest(resampler, wanted)


def _resampler(rate: int, wanted: int) -> soxr.ResampleStream | None:
    if rate == wanted:
        return None
    return soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="HQ")


def _rest(resampler: soxr.ResampleStream | None, rate: int) -> Iterator[tuple[FloatArray, int]]:
    """What a resampler still holds back."""
    if resampler is not None:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True), rate
