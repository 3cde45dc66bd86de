"""A pass: alike chunks of many recordings encoded, their languages found, decoded and aligned.

The encoder runs once a pass. A chunk whose text looks wrong goes through a second pass, in the full
window, and is decoded there again and again until the text can be believed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.tasks import FloatArray
from predictors.models.whisper.chunks import Chunk
from predictors.models.whisper.hypothesis import Hypothesis, likeliest, settled
from predictors.models.whisper.network import FULL_WINDOW_S, Search, Spoken, WhisperNetwork
from predictors.models.whisper.words import TimedWord, align
from predictors.runtime.model import More, Unit

_FALLBACK_TEMPERATURES = (0.2, 0.6, 1.0)
_UNHEARD_S = 0.25
"""Of speech behind the last word: sentences that ended early left 0.3 or more, others below 0.2."""

Language = tuple[str, float]
"""Code and probability."""


@dataclass(slots=True, eq=False)
class Recording:
    """What the chunks of a request have in common."""

    translate: bool
    with_words: bool
    candidates: frozenset[str] = frozenset()
    """What detection chooses from; empty: all languages."""
    language: Language | None = None
    """Given, or found by the first pass that holds chunks of it."""

    @property
    def spoken(self) -> Spoken:
        return Spoken(self.language[0] if self.language else "en", self.translate)


@dataclass(frozen=True, slots=True, eq=False)
class ChunkWork:
    """A chunk on its way through the network."""

    recording: Recording
    chunk: Chunk
    features: FloatArray
    window_s: int
    search: Search
    temperature: float
    may_fall_back: bool = True
    """Whether a text that looks wrong is worth another pass."""
    first_try: Hypothesis | None = field(default=None)
    """Set when the chunk is decoded again."""

    @property
    def needs_words(self) -> bool:
        """Their times are asked for, or tell on which side of a pause they are said."""
        return self.recording.with_words or self.chunk.has_pauses

    @property
    def key(self) -> Hashable:
        """Of chunks that may share a pass: one window, one search."""
        again = None if self.first_try is None else self.first_try.has_short_window
        return self.window_s, self.search, self.temperature, again

    def again(self, first_try: Hypothesis) -> More:
        work = replace(self, window_s=FULL_WINDOW_S, first_try=first_try)
        return More([Unit(work, work.window_s, work.key)])


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What is said in a chunk; words are None where nobody needs them."""

    hypothesis: Hypothesis
    words: list[TimedWord] | None


def run_pass(network: WhisperNetwork, batch: Sequence[ChunkWork]) -> list[Heard | More]:
    """One encoder pass over chunks with equal keys. At temperature 0 doubtful ones get More."""
    encoded = network.encode([work.features for work in batch], batch[0].window_s)
    _detect_languages(network, batch, encoded)
    if batch[0].first_try is None:
        found = _decode(network, batch, encoded, batch[0].temperature)
    else:
        found = _decode_again(network, batch, encoded)
    doubtful = {index for index, one in enumerate(found) if _is_doubtful(batch[index], one)}
    wanted = [
        index
        for index, work in enumerate(batch)
        if (found[index].may_have_ended_early if index in doubtful else work.needs_words)
    ]
    words = _words(network, batch, found, encoded, wanted)
    doubtful -= {index for index, own in words.items() if _reach_the_end(batch[index].chunk, own)}
    return [
        work.again(one)
        if index in doubtful
        else Heard(one, words[index] if work.needs_words else None)
        for index, (work, one) in enumerate(zip(batch, found, strict=True))
    ]


def _is_doubtful(work: ChunkWork, found: Hypothesis) -> bool:
    is_first = work.first_try is None and work.temperature == 0
    return is_first and work.may_fall_back and found.is_suspicious


def _reach_the_end(chunk: Chunk, words: Sequence[TimedWord]) -> bool:
    """Of what is said: the full window would hear no more."""
    last_s = max((word.end_s for word in words), default=0.0)
    return chunk.speech_end_s - last_s < _UNHEARD_S


def _detect_languages(network: WhisperNetwork, batch: Sequence[ChunkWork], encoded: Any) -> None:
    """For recordings that have none yet: the likeliest by their chunks in this pass."""
    unknown = [index for index, work in enumerate(batch) if work.recording.language is None]
    if not unknown:
        return
    chances: dict[Recording, list[dict[str, float]]] = {}
    found = network.detect_languages(network.rows(encoded, unknown))
    for index, chance in zip(unknown, found, strict=True):
        chances.setdefault(batch[index].recording, []).append(chance)
    for recording, own in chances.items():
        mean = {code: sum(one[code] for one in own) / len(own) for code in own[0]}
        code = max(recording.candidates or mean, key=lambda one: mean.get(one, 0.0))
        recording.language = code, mean.get(code, 0.0)


def _decode(
    network: WhisperNetwork, batch: Sequence[ChunkWork], encoded: Any, temperature: float
) -> list[Hypothesis]:
    return network.decode(
        encoded,
        [work.recording.spoken for work in batch],
        [work.chunk.duration_s for work in batch],
        batch[0].search,
        temperature,
    )


def _decode_again(
    network: WhisperNetwork, batch: Sequence[ChunkWork], encoded: Any
) -> list[Hypothesis]:
    """By beam search, if the window is new, then by sampling, until every text is settled."""
    tries = [[work.first_try] for work in batch if work.first_try is not None]
    was_short = tries[0][0].has_short_window
    for temperature in (*((0.0,) if was_short else ()), *_FALLBACK_TEMPERATURES):
        found = _decode(network, batch, encoded, temperature)
        for own, one in zip(tries, found, strict=True):
            own.append(one)
        if all(settled(own) for own in tries):
            break
    return [settled(own) or likeliest(own) for own in tries]


def _words(
    network: WhisperNetwork,
    batch: Sequence[ChunkWork],
    found: Sequence[Hypothesis],
    encoded: Any,
    wanted: Sequence[int],
) -> dict[int, list[TimedWord]]:
    """Word times of the wanted chunks, by index. The aligner takes one language a run."""
    words: dict[int, list[TimedWord]] = {}
    for spoken in {batch[index].recording.spoken for index in wanted}:
        members = [index for index in wanted if batch[index].recording.spoken == spoken]
        timed = align(
            network,
            network.rows(encoded, members),
            spoken,
            [found[index].tokens for index in members],
            [batch[index].chunk.duration_s for index in members],
        )
        words.update(zip(members, timed, strict=True))
    return words
