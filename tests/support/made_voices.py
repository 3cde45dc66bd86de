"""Windows of speech by made-up voices, as a speaker encoder would hear them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contract.tasks import FloatArray, SpeechSegment
from transformer.diarization.windows import Window, windows_of

DIMS = 64
Turn = tuple[float, float, int]
"""Start and end in seconds, and whose."""


def means(voices: int, seed: int = 0) -> FloatArray:
    """Unit vectors of different people: they have 0.3 in common, as voices have."""
    random = np.random.default_rng(seed)
    made = np.eye(voices, DIMS) + 0.65 * np.eye(1, DIMS, DIMS - 1)
    made += random.normal(0, 0.02, made.shape)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def heard(
    turns: Sequence[Turn], *, noise: float = 0.06, seed: int = 1
) -> tuple[list[SpeechSegment], list[Window], FloatArray]:
    """Segments, windows, and their vectors; a turn is a segment."""
    random = np.random.default_rng(seed)
    speech = [SpeechSegment(start, end) for start, end, _ in turns]
    windows = windows_of(speech)
    voices = means(max(who for _, _, who in turns) + 1)
    clean = np.stack([voices[turns[one.segment][2]] for one in windows])
    noisy = clean + random.normal(0, noise, clean.shape)
    return (
        speech,
        windows,
        np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), np.float32),
    )
