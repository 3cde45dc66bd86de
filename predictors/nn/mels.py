"""Mel spectrograms before they are vocoded: checked, and cut where one pass would be too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.errors import InvalidRequest
from contract.tasks import FloatArray


def check_mel(mel: FloatArray, n_mels: int | None) -> None:
    """Raise InvalidRequest unless `mel` is finite and [n_mels, frames]; None: any n_mels."""
    if mel.ndim != 2:
        raise InvalidRequest(f"mel has {mel.ndim} dimensions; send [n_mels, frames]", param="mel")
    bands, frames = mel.shape
    if n_mels is not None and bands != n_mels:
        raise InvalidRequest(
            f"mel has {bands} bands and {frames} frames; this vocoder reads [{n_mels}, frames], as "
            "the synthesizer or restorer of its own family gives it",
            param="mel",
        )
    if not np.isfinite(mel).all():
        raise InvalidRequest("mel holds numbers that are not finite", param="mel")


def piece_lengths(pauses: FloatArray | None, frames: int) -> list[int]:
    """Frames of each piece of a mel; none where no pauses were sent.

    Raises InvalidRequest unless they are whole, not negative, and add up to the mel's frames.
    """
    if pauses is None:
        return []
    whole = np.round(pauses) if np.isfinite(pauses).all() else np.full(1, np.nan)
    if whole.ndim != 1 or not np.array_equal(whole, pauses) or (whole < 0).any():
        raise InvalidRequest(
            "pauses must be [n] whole numbers of frames, none negative", param="pauses"
        )
    if len(whole) and whole.sum() != frames:
        raise InvalidRequest(
            f"pauses add up to {whole.sum():.0f} frames, but mel has {frames}; send the frames of "
            "each piece",
            param="pauses",
        )
    return [int(count) for count in whole]


@dataclass(frozen=True, slots=True)
class Window:
    """Frames start:stop of a mel are vocoded; of the result first:last is kept."""

    start: int
    first: int
    last: int
    stop: int

    @property
    def frames(self) -> int:
        return self.stop - self.start

    def kept(self, wave: FloatArray, hop_length: int) -> FloatArray:
        """The samples of first:last in the wave of start:stop."""
        return wave[(self.first - self.start) * hop_length : (self.last - self.start) * hop_length]


def windows(frames: int, *, size: int, context: int) -> Sequence[Window]:
    """Windows that keep `size` frames each and hear `context` more on either side.

    A mel of up to `size` frames is one window: the network sees exactly what it was handed.
    """
    firsts = range(0, frames, size)
    return [
        Window(
            max(first - context, 0),
            first,
            min(first + size, frames),
            min(first + size + context, frames),
        )
        for first in firsts
    ]
