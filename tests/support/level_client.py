"""A Client that hears loud sound as speech: a word for every half second of it.

Windows of 512 samples are speech where they are loud, as a detector would say it; the transcript
counts: "one two three". It keeps every call and can be slow, fail or wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contract.audio.codec import Audio
from contract.context import RequestContext
from contract.errors import DeadlineExceeded, ModelFailed, SpeechError
from contract.tasks import (
    DetectSpeechInput,
    DetectSpeechOutput,
    SpeechSegment,
    SynthesizeInput,
    SynthesizeOutput,
    TranscribeInput,
    TranscribeOutput,
    TranscriptSegment,
    Word,
)

WINDOW = 512
SPEECH_RATE = 24_000
SECONDS_PER_WORD = 0.5
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
NUMBERS = tuple(_NUMBERS.split())


def counted(seconds: float) -> str:
    """What is heard of so much speech."""
    count = max(1, int(seconds / SECONDS_PER_WORD + 0.25))
    return " ".join(NUMBERS[at % len(NUMBERS)] for at in range(count))


def loud_windows(audio: Audio) -> np.ndarray[Any, np.dtype[np.bool_]]:
    whole = audio.samples[: len(audio.samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return np.abs(whole).max(axis=1, initial=0) > 0.05


@dataclass
class LevelClient:
    failures: dict[str, SpeechError] = field(default_factory=dict)
    """Raised by calls of the model that is the key."""
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Calls of the model wait for it."""
    calls: list[tuple[str, Any, RequestContext]] = field(default_factory=list)
    woken: list[list[str]] = field(default_factory=list)
    sentences: int = 1000
    """So many are spoken, a tone each; then the speaking model fails."""
    ending: str = ""
    """What every transcript ends in."""
    cancelled: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def requests_to(self, model: str) -> list[Any]:
        return [request for name, request, _ in self.calls if name == model]

    async def call(self, model: str, request: Any, context: RequestContext) -> Any:
        self.calls.append((model, request, context))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            async with asyncio.timeout(max(0.0, context.remaining_s)):
                await asyncio.sleep(0)
                if model in self.gates:
                    await self.gates[model].wait()
        except TimeoutError:
            raise DeadlineExceeded(f"{model} did not answer before the deadline") from None
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_once -= 1
        if model in self.failures:
            raise self.failures[model]
        if isinstance(request, SynthesizeInput):
            return await self._spoken()
        if isinstance(request, DetectSpeechInput):
            return _detected(request)
        return _written(request, self.ending)

    async def _spoken(self) -> SynthesizeOutput:
        if not self.sentences:
            await asyncio.sleep(1)  # while what was spoken before is on its way
            raise ModelFailed("the speaking model failed")
        self.sentences -= 1
        seconds = np.arange(SPEECH_RATE) / SPEECH_RATE
        tone = 0.3 * np.sin(2 * np.pi * 220 * seconds)
        return SynthesizeOutput(Audio(tone.astype(np.float32), SPEECH_RATE))

    async def is_ready(self, model: str) -> bool:
        return True

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        self.woken.append(list(models))


def _detected(request: DetectSpeechInput) -> DetectSpeechOutput:
    loud = np.concatenate([[False], loud_windows(request.audio), [False]])
    edges = np.flatnonzero(np.diff(loud.astype(np.int8))) * WINDOW / request.audio.sample_rate
    segments = (SpeechSegment(float(a), float(b)) for a, b in edges.reshape(-1, 2))
    return DetectSpeechOutput(tuple(segments), request.audio.duration_s)


def _written(request: TranscribeInput, ending: str) -> TranscribeOutput:
    loud = loud_windows(request.audio)
    duration_s = request.audio.duration_s
    if not loud.any():
        return TranscribeOutput("", (), request.language or "en", 1.0, duration_s)
    seconds = loud.sum() * WINDOW / request.audio.sample_rate
    text = counted(float(seconds)) + ending
    begin_s = float(np.flatnonzero(loud)[0]) * WINDOW / request.audio.sample_rate
    words = tuple(
        Word(begin_s + at * SECONDS_PER_WORD, begin_s + (at + 1) * SECONDS_PER_WORD, f" {one}", 0.9)
        for at, one in enumerate(text.split())
    )
    segment = TranscriptSegment(
        id=0,
        seek=0,
        start_s=begin_s,
        end_s=begin_s + float(seconds),
        text=f" {text}",
        tokens=(1, 2),
        temperature=0.0,
        avg_logprob=-0.2,
        compression_ratio=1.1,
        no_speech_prob=0.01,
        words=words if request.word_timestamps else None,
    )
    return TranscribeOutput(text, (segment,), request.language or "en", 0.98, duration_s)
