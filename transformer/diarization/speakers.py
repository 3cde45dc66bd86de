"""Which voice each window is, and from that the turns of the speakers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from contract.tasks import FloatArray, SpeakerSegment, SpeechSegment
from transformer.diarization.clustering import USUAL_DISTANCE, find_voices, unit
from transformer.diarization.windows import Window

_SWITCH_COST = 0.1
"""By how much the next window must be more like another voice, in cosine, to be taken for it."""
_SWITCH_COST_AFTER_PAUSE = 0.03
_LEAST_LIKENESS = 0.75
"""Cosine between a known speaker's reference and the mean of a cluster that is the same voice."""
_LONGEST_BREATH_S = 0.3
"""A shorter pause does not end a turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """What an encoder made of a recording's windows."""

    vectors: FloatArray
    """Unit vectors [windows, dims]; zeros where no voice was heard."""
    known: Mapping[str, FloatArray] = field(default_factory=dict)
    """Unit vectors [dims] of known speakers, by name."""


def turns(
    speech: Sequence[SpeechSegment],
    windows: Sequence[Window],
    voices: Voices,
    *,
    distance: float = USUAL_DISTANCE,
    count: int | None = None,
) -> tuple[SpeakerSegment, ...]:
    """Who speaks when, in order of time. Blocks: for a thread."""
    if not windows:
        return ()
    found = find_voices(voices.vectors, windows, distance, count)
    if not len(found):
        return _labelled(speech, windows, [0] * len(windows), [None])
    means, names = _with_known(found, voices.known)
    return _labelled(speech, windows, _likeliest(voices.vectors @ means.T, windows), names)


def _with_known(
    means: FloatArray, known: Mapping[str, FloatArray]
) -> tuple[FloatArray, list[str | None]]:
    """Means of clusters and their names; those of one known speaker become one."""
    if not known:
        return means, [None] * len(means)
    references = np.stack(list(known.values()))  # [known, dims]
    likeness = means @ references.T
    nearest = likeness.argmax(axis=1)
    same = likeness.max(axis=1) >= _LEAST_LIKENESS
    strangers = means[~same]
    named = sorted(set(nearest[same].tolist()))
    joined = [
        unit(np.stack([*means[same & (nearest == one)], references[one]]).mean(axis=0))
        for one in named
    ]
    return np.stack([*joined, *strangers]), [
        *(list(known)[one] for one in named),
        *[None] * len(strangers),
    ]


def _likeliest(likeness: FloatArray, windows: Sequence[Window]) -> list[int]:
    """The voice of each window, by Viterbi: changes cost, so that one odd window makes no turn."""
    costs = [
        _SWITCH_COST if one.segment == before.segment else _SWITCH_COST_AFTER_PAUSE
        for before, one in zip(windows, windows[1:], strict=False)
    ]
    score = likeness[0].astype(np.float64)
    came_from: list[NDArray[np.int64]] = []
    own = np.arange(len(score))
    for row, cost in zip(likeness[1:], costs, strict=True):
        best = int(score.argmax())
        stays = score >= score[best] - cost
        came_from.append(np.where(stays, own, best))
        score = row + np.where(stays, score, score[best] - cost)
    path = [int(score.argmax())]
    for step in reversed(came_from):
        path.append(int(step[path[-1]]))
    return path[::-1]


def _labelled(
    speech: Sequence[SpeechSegment],
    windows: Sequence[Window],
    labels: Sequence[int],
    names: Sequence[str | None],
) -> tuple[SpeakerSegment, ...]:
    """Turns, cut half way between two windows' middles; strangers are A, B, … as they come."""
    letters = (name for name in _letters() if name not in names)
    called = {label: name for label, name in enumerate(names) if name is not None}
    made: list[SpeakerSegment] = []
    for start_s, end_s, label in _stretches(speech, windows, labels):
        if label not in called:
            called[label] = next(letters)
        speaker, last = called[label], made[-1] if made else None
        if last and last.speaker == speaker and start_s - last.end_s <= _LONGEST_BREATH_S:
            start_s = made.pop().start_s
        made.append(SpeakerSegment(round(start_s, 3), round(end_s, 3), speaker))
    return tuple(made)


def _stretches(
    speech: Sequence[SpeechSegment], windows: Sequence[Window], labels: Sequence[int]
) -> Iterator[tuple[float, float, int]]:
    """What each window decides about: start, end, and its label."""
    for index, (one, label) in enumerate(zip(windows, labels, strict=True)):
        segment = speech[one.segment]
        before = windows[index - 1] if index else None
        after = windows[index + 1] if index + 1 < len(windows) else None
        start_s = segment.start_s if _is_apart(one, before) else _between(before, one)
        end_s = segment.end_s if _is_apart(one, after) else _between(one, after)
        yield start_s, end_s, label


def _is_apart(one: Window, other: Window | None) -> bool:
    return other is None or other.segment != one.segment


def _between(one: Window | None, other: Window | None) -> float:
    assert one is not None
    assert other is not None
    return (one.middle_s + other.middle_s) / 2


def _letters() -> Iterator[str]:
    """A to Z, then A2 to Z2, and so on."""
    for round_ in count(1):
        for letter in ascii_uppercase:
            yield letter if round_ == 1 else f"{letter}{round_}"
