"""When each word is spoken, by the frames that the network gave its symbols."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from contract.tasks import SpeechSegment
from predictors.models.kokoro.network import SAMPLE_RATE, FloatArray64
from predictors.text.kokoro_tokens import Token

_EARLIER_FRAMES = 2
"""Sounds are heard before their frames: 0.03 to 0.05 s, measured where words follow a silence.
hexgrad/kokoro (kokoro/pipeline.py, join_timestamps) takes three frames off, of 25 ms each."""


def word_times(
    tokens: Iterable[Token], frames: FloatArray64 | None, samples: int, kept: slice, begin: int
) -> Iterator[SpeechSegment]:
    """The words of a piece of `samples`, of which `kept` begins at the recording's sample `begin`.

    The frames begin with those of the silence before the first symbol. Where espeak-ng reads
    several words as one, so are they here.
    """
    if frames is None:
        return
    ends = np.concatenate([[0], np.cumsum(frames)]) - _EARLIER_FRAMES
    ends = np.clip(ends / frames.sum() * samples, kept.start, kept.stop) - kept.start + begin
    place = 1
    for token in tokens:
        after = place + len(token.symbols)
        if token.text.strip():
            start_s, end_s = (round(float(ends[at]) / SAMPLE_RATE, 3) for at in (place, after))
            yield SpeechSegment(start_s, end_s, token.text)
        place = after


def as_written(words: Iterable[SpeechSegment], text: str) -> tuple[SpeechSegment, ...]:
    """The words in upper and lower case as the text has them; front ends may fold it."""
    folded = text.lower()
    found: list[SpeechSegment] = []
    at = 0
    for word in words:
        spelled = word.text or ""
        place = folded.find(spelled.lower(), at) if len(folded) == len(text) else -1
        if place >= 0:
            at = place + len(spelled)
            word = replace(word, text=text[place:at])
        found.append(word)
    return tuple(found)
