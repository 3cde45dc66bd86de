"""From one speech probability per window to segments, by the rules of Silero's own detector.

Speech begins at the first window at or above `threshold` and goes on until the probability has
stayed below `threshold - 0.15` for `min_silence_duration_ms`; it ends where that quiet began.
Speech that is too short is dropped, and what is left is padded at both ends, never into a
neighbour: two segments closer than two pads meet in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
WINDOW = 512  # samples per probability: 32 ms
_HYSTERESIS = 0.15
_LEAST_EXIT_THRESHOLD = 0.01

Span = tuple[int, int]
"""First sample and the one after the last."""


@dataclass(frozen=True, slots=True)
class SpeechRules:
    """The defaults are those of the silero-vad package, version 6."""

    threshold: float = 0.5
    min_speech_duration_ms: int = 250
    min_silence_duration_ms: int = 100
    speech_pad_ms: int = 30

    @property
    def exit_threshold(self) -> float:
        return max(self.threshold - _HYSTERESIS, _LEAST_EXIT_THRESHOLD)


def speech_spans(
    probabilities: NDArray[np.float32], n_samples: int, rules: SpeechRules
) -> list[Span]:
    """Where the speech is, in samples at 16 kHz and in order; `probabilities` is [windows]."""
    shortest = _samples(rules.min_speech_duration_ms)
    spans = [
        (start, end)
        for start, end in _raw_spans(probabilities.tolist(), n_samples, rules)
        if end - start > shortest
    ]
    return _padded(spans, n_samples, _samples(rules.speech_pad_ms))


def _samples(milliseconds: int) -> int:
    return SAMPLE_RATE * milliseconds // 1000


def _raw_spans(
    probabilities: Sequence[float], n_samples: int, rules: SpeechRules
) -> Iterator[Span]:
    longest_gap = _samples(rules.min_silence_duration_ms)
    speaking_since: int | None = None
    quiet_since: int | None = None
    for window, probability in enumerate(probabilities):
        now = window * WINDOW
        if probability >= rules.threshold:
            quiet_since = None
            speaking_since = now if speaking_since is None else speaking_since
        elif probability < rules.exit_threshold and speaking_since is not None:
            quiet_since = now if quiet_since is None else quiet_since
            if now - quiet_since >= longest_gap:
                yield speaking_since, quiet_since
                speaking_since = quiet_since = None
    if speaking_since is not None:
        yield speaking_since, n_samples


def _padded(spans: Sequence[Span], n_samples: int, pad: int) -> list[Span]:
    starts = [start for start, _ in spans]
    ends = [end for _, end in spans]
    for index in range(1, len(spans)):
        gap = starts[index] - ends[index - 1]
        grow = pad if gap >= 2 * pad else gap // 2
        ends[index - 1] += grow
        starts[index] -= grow
    if spans:
        starts[0] = max(0, starts[0] - pad)
        ends[-1] = min(n_samples, ends[-1] + pad)
    return list(zip(starts, ends, strict=True))
