"""Chunks of many recordings through the network, in passes, with second thoughts where needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from contract.tasks import TranscriptSegment
from predictors.models.whisper.chunks import Chunk, FloatArray
from predictors.models.whisper.hypothesis import Hypothesis, likeliest, settled
from predictors.models.whisper.network import (
    FULL_WINDOW_S,
    Search,
    Spoken,
    WhisperNetwork,
    window_s,
)
from predictors.models.whisper.segments import transcript
from predictors.models.whisper.words import TimedWord, align

MAX_CHUNKS = 16
"""Chunks in one pass; more brings no speed on a CPU and costs memory."""
_FALLBACK_TEMPERATURES = (0.2, 0.6, 1.0)

Language = tuple[str, float]
"""Code and probability."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One request: what to transcribe, and how."""

    chunks: tuple[Chunk, ...]
    language: str | None
    translate: bool
    with_words: bool
    languages: frozenset[str] = frozenset()
    """Where no language is given: what detection chooses from; empty: all."""


@dataclass(frozen=True)
class Transcript:
    segments: tuple[TranscriptSegment, ...]
    language: str
    language_probability: float


@dataclass(frozen=True, eq=False)
class _Job:
    recording: int
    chunk: Chunk
    features: FloatArray
    window: int


@dataclass(frozen=True)
class _Heard:
    hypothesis: Hypothesis
    words: list[TimedWord] | None


class Transcriber:
    """`has_short_windows`: clips get an encoder window of their size instead of 30 s."""

    def __init__(self, network: WhisperNetwork, *, has_short_windows: bool = True) -> None:
        self.network = network
        self._has_short_windows = has_short_windows

    def transcribe(
        self, recordings: Sequence[Recording], search: Search, temperature: float
    ) -> list[Transcript]:
        """At temperature 0 doubtful chunks are decoded again, hotter each time; above, once."""
        work = _Work(self.network, recordings, search, temperature)
        jobs = [
            self._job(index, chunk)
            for index, recording in enumerate(recordings)
            for chunk in recording.chunks
        ]
        heard: dict[_Job, _Heard] = {}
        for window, members in _passes(jobs):
            heard.update(zip(members, work.run(members, window), strict=True))
        return [
            self._transcript(work, index, [(job, heard[job]) for job in jobs])
            for index in range(len(recordings))
        ]

    def _job(self, recording: int, chunk: Chunk) -> _Job:
        window = window_s(chunk.duration_s) if self._has_short_windows else FULL_WINDOW_S
        return _Job(recording, chunk, self.network.features(chunk.samples), window)

    def _transcript(
        self, work: _Work, recording: int, heard: Iterable[tuple[_Job, _Heard]]
    ) -> Transcript:
        language, probability = work.language(recording)
        spoken = Spoken(language or "en", work.recordings[recording].translate)
        own = [
            (job.chunk, one.hypothesis, one.words)
            for job, one in heard
            if job.recording == recording and not one.hypothesis.is_silence
        ]
        return Transcript(transcript(self.network, spoken, own), language, probability)


def _passes(jobs: Sequence[_Job]) -> Iterator[tuple[int, list[_Job]]]:
    """Jobs of one window, at most MAX_CHUNKS, longest window first: it tells languages best."""
    ordered = sorted(jobs, key=lambda job: -job.window)
    for window, group in groupby(ordered, key=lambda job: job.window):
        members = list(group)
        for first in range(0, len(members), MAX_CHUNKS):
            yield window, members[first : first + MAX_CHUNKS]


class _Work:
    """One call of transcribe(): what is the same for all passes, and the languages found."""

    def __init__(
        self,
        network: WhisperNetwork,
        recordings: Sequence[Recording],
        search: Search,
        temperature: float,
    ) -> None:
        self.recordings = recordings
        self._network = network
        self._search = search
        self._temperature = temperature
        self._languages: dict[int, Language] = {
            index: (recording.language or "en", 1.0)
            for index, recording in enumerate(recordings)
            if recording.language or not network.is_multilingual
        }

    def language(self, recording: int) -> Language:
        """Given or detected; nothing when there was no speech to detect it from."""
        return self._languages.get(recording, ("", 0.0))

    def run(self, jobs: Sequence[_Job], window: int) -> list[_Heard]:
        """One encoder pass and one search; then more of both for doubtful chunks."""
        encoded = self._network.encode([job.features for job in jobs], window)
        self._detect(jobs, encoded)
        found = self._decode(jobs, encoded, self._temperature)
        heard = self._with_words(jobs, found, encoded, window)
        doubtful = [index for index, one in enumerate(found) if one.is_suspicious]
        if doubtful and self._temperature == 0:
            again = self._retry([jobs[one] for one in doubtful], [found[one] for one in doubtful])
            for index, better in zip(doubtful, again, strict=True):
                heard[index] = better
        return heard

    def _retry(self, jobs: Sequence[_Job], first: Sequence[Hypothesis]) -> list[_Heard]:
        """In the full window, first by beam search if that is new, then by sampling."""
        encoded = self._network.encode([job.features for job in jobs], FULL_WINDOW_S)
        was_short = jobs[0].window < FULL_WINDOW_S
        tries = [[one] for one in first]
        for temperature in (*((0.0,) if was_short else ()), *_FALLBACK_TEMPERATURES):
            for one, found in zip(tries, self._decode(jobs, encoded, temperature), strict=True):
                one.append(found)
            if all(settled(one) for one in tries):
                break
        final = [settled(one) or likeliest(one) for one in tries]
        return self._with_words(jobs, final, encoded, FULL_WINDOW_S)

    def _decode(self, jobs: Sequence[_Job], encoded: Any, temperature: float) -> list[Hypothesis]:
        return self._network.decode(
            encoded,
            [self._spoken(job) for job in jobs],
            [job.chunk.duration_s for job in jobs],
            self._search,
            temperature,
        )

    def _spoken(self, job: _Job) -> Spoken:
        recording = self.recordings[job.recording]
        return Spoken(self.language(job.recording)[0], recording.translate)

    def _detect(self, jobs: Sequence[_Job], encoded: Any) -> None:
        """Languages of recordings that have none yet, by the chunks of this pass."""
        unknown = {job.recording for job in jobs} - set(self._languages)
        if not unknown:
            return
        chances = self._network.detect_languages(encoded)
        for recording in unknown:
            own = [
                chance
                for job, chance in zip(jobs, chances, strict=True)
                if job.recording == recording
            ]
            mean = {code: sum(one[code] for one in own) / len(own) for code in own[0]}
            allowed = self.recordings[recording].languages or mean.keys()
            code = max(allowed, key=lambda one: mean.get(one, 0.0))
            self._languages[recording] = (code, mean[code])

    def _with_words(
        self, jobs: Sequence[_Job], found: Sequence[Hypothesis], encoded: Any, window: int
    ) -> list[_Heard]:
        """Word times for the recordings that want them. The aligner takes one language a run."""
        words: dict[int, list[TimedWord]] = {}
        wanted = [i for i, job in enumerate(jobs) if self.recordings[job.recording].with_words]
        for spoken in {self._spoken(jobs[index]) for index in wanted}:
            members = [index for index in wanted if self._spoken(jobs[index]) == spoken]
            if len(members) < len(jobs):  # an encoded batch cannot be taken apart on every device
                features = [jobs[index].features for index in members]
                part = self._network.encode(features, window)
            else:
                part = encoded
            timed = align(
                self._network,
                part,
                spoken,
                [found[index].tokens for index in members],
                [jobs[index].chunk.duration_s for index in members],
            )
            words.update(zip(members, timed, strict=True))
        return [_Heard(one, words.get(index)) for index, one in enumerate(found)]
