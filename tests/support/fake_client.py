"""A Client that answers every task by arithmetic: speech is a tone, transcripts are fixed words.

A tone lasts 60 ms per character of text, divided by speed. It keeps every call, can be slow, can
fail, and notices when a call is cancelled.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contract.audio.codec import Audio
from contract.context import RequestContext
from contract.embedding import Embedding
from contract.errors import DeadlineExceeded, SpeechError, Unroutable
from contract.lifecycle import StepTiming
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    DetectSpeechInput,
    DetectSpeechOutput,
    DiarizeInput,
    DiarizeOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    RestoreAudioInput,
    SpeakerSegment,
    SpeakInput,
    SpeechSegment,
    SynthesizeInput,
    SynthesizeOutput,
    TaskInput,
    TranscribeInput,
    TranscribeOutput,
    TranscribeSpeakersInput,
    TranscribeSpeakersOutput,
    TranscriptSegment,
    Word,
)

RATE = 22_050
RESTORED_RATE = 44_100
SECONDS_PER_CHARACTER = 0.06
SENTENCES = (" Ask not what", " your country can do.")
TEXT = "".join(SENTENCES).strip()
SEGMENTS = (SpeechSegment(0.5, 1.25), SpeechSegment(2.0, 2.75))


def tone(seconds: float, rate: int = RATE) -> Audio:
    time_s = np.arange(round(seconds * rate)) / rate
    return Audio((0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32), rate)


def is_silent(audio: Audio) -> bool:
    return bool(np.abs(audio.samples).max(initial=0) < 1e-3)


@dataclass
class FakeClient:
    delay_s: float = 0.0
    """How long every call takes."""
    failures: dict[str, SpeechError] = field(default_factory=dict)
    """Raised by the call whose model, or whose text, is the key."""
    calls: list[tuple[str, Any, RequestContext]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    hung: frozenset[str] = frozenset()
    """Models that accept and never answer."""
    gate: asyncio.Event | None = None
    """Calls wait for it, all but the first `before_gate`."""
    before_gate: int = 0
    _arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def requests(self) -> list[Any]:
        return [request for _, request, _ in self.calls]

    @property
    def models(self) -> list[str]:
        return [model for model, _, _ in self.calls]

    async def until_called(self, times: int) -> None:
        """Return once that many calls have come in; fail after 30 seconds."""
        async with asyncio.timeout(30), self._arrival:
            await self._arrival.wait_for(lambda: len(self.calls) >= times)

    async def call(self, model: str, request: TaskInput[Any], context: RequestContext) -> Any:
        self.calls.append((model, request, context))
        async with self._arrival:
            self._arrival.notify_all()
        text = getattr(request, "text", "")
        try:
            async with asyncio.timeout(max(0.0, context.remaining_s)):
                if model in self.hung:
                    await asyncio.Event().wait()
                await self._work(len(self.calls))
        except TimeoutError:
            raise DeadlineExceeded(f"{model} did not answer before the deadline") from None
        except asyncio.CancelledError:
            self.cancelled.append(text)
            raise
        for key in (model, text):
            if key in self.failures:
                raise self.failures[key]
        self.finished.append(text)
        return _ANSWERS[type(request)](request, context)

    async def _work(self, number: int) -> None:
        await asyncio.sleep(self.delay_s)
        if self.gate is not None and number > self.before_gate:
            await self.gate.wait()

    async def is_ready(self, model: str) -> bool:
        return True

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        return None


def _synthesize(request: SynthesizeInput, context: RequestContext) -> AudioOutput:
    character_s = SECONDS_PER_CHARACTER / request.speed
    words = tuple(
        SpeechSegment(found.start() * character_s, found.end() * character_s, found[0])
        for found in re.finditer(r"[\w']+", request.text)
    )
    audio = tone(character_s * len(request.text))
    return SynthesizeOutput(audio, words if request.word_times else None)


def _speak(request: SpeakInput, context: RequestContext) -> AudioOutput:
    """As a toolchain: refuses what cannot be routed and reports its steps."""
    has_reference = request.reference_audio is not None or request.embedding is not None
    if request.mode == "voice_cloning" and not has_reference:
        raise Unroutable("voice_cloning needs reference audio or an embedding", param="embedding")
    context.trace.steps += [StepTiming("base-speech", 0.0, 0.01), StepTiming("tone", 0.01, 0.01)]
    return AudioOutput(tone(SECONDS_PER_CHARACTER * len(request.text) / request.speed))


def _transcribe(request: TranscribeInput, context: RequestContext) -> TranscribeOutput:
    duration_s = request.audio.duration_s
    if is_silent(request.audio):
        return TranscribeOutput("", (), request.language or "en", 1.0, duration_s)
    segments = tuple(
        _segment(number, text, request.word_timestamps) for number, text in enumerate(SENTENCES)
    )
    return TranscribeOutput(TEXT, segments, request.language or "en", 0.98, duration_s)


def _segment(number: int, text: str, with_words: bool) -> TranscriptSegment:
    words = tuple(
        Word(number + at / 4, number + at / 4 + 0.2, f" {word}", 0.9)
        for at, word in enumerate(text.split())
    )
    return TranscriptSegment(
        id=number,
        seek=0,
        start_s=float(number),
        end_s=number + 0.9,
        text=text,
        tokens=(50364, 440 + number),
        temperature=0.0,
        avg_logprob=-0.2,
        compression_ratio=1.1,
        no_speech_prob=0.01,
        words=words if with_words else None,
    )


def _detect(request: DetectSpeechInput, context: RequestContext) -> DetectSpeechOutput:
    """The tone's level is 0.3, so a higher threshold hears nothing."""
    heard = not is_silent(request.audio) and request.threshold < 0.9
    return DetectSpeechOutput(SEGMENTS if heard else (), request.audio.duration_s)


def _embed(request: EmbedSpeakerInput, context: RequestContext) -> EmbedSpeakerOutput:
    level = float(np.abs(request.audio.samples).mean())
    return EmbedSpeakerOutput(Embedding("openvoice_v2", np.full(256, level, np.float32)))


def _convert(request: ConvertVoiceInput, context: RequestContext) -> AudioOutput:
    return AudioOutput(tone(request.audio.duration_s))


def _restore(request: RestoreAudioInput, context: RequestContext) -> AudioOutput:
    return AudioOutput(tone(request.audio.duration_s, RESTORED_RATE))


def _transcribe_speakers(
    request: TranscribeSpeakersInput, context: RequestContext
) -> TranscribeSpeakersOutput:
    """The first sentence is the first known speaker's, or A's; the second is B's."""
    heard = _transcribe(
        TranscribeInput(request.audio, language=request.language, word_timestamps=True), context
    )
    names = [*(request.known_speaker_names or "A")[:1], "B"]
    segments = tuple(
        SpeakerSegment(one.start_s, one.end_s, name, one.text.strip(), one.words)
        for name, one in zip(names, heard.segments, strict=False)
    )
    tokens = sum(len(one.tokens) for one in heard.segments)
    return TranscribeSpeakersOutput(heard.text, segments, heard.language, heard.duration_s, tokens)


def _diarize(request: DiarizeInput, context: RequestContext) -> DiarizeOutput:
    """The first half is the first known speaker's, or A's; the second is B's."""
    name, end_s = (request.known_speaker_names or "A")[0], request.audio.duration_s
    turns = SpeakerSegment(0.0, end_s / 2, name), SpeakerSegment(end_s / 2, end_s, "B")
    return DiarizeOutput(turns, end_s)


_ANSWERS: dict[type, Callable[[Any, RequestContext], Any]] = {
    SynthesizeInput: _synthesize,
    SpeakInput: _speak,
    TranscribeInput: _transcribe,
    TranscribeSpeakersInput: _transcribe_speakers,
    DiarizeInput: _diarize,
    DetectSpeechInput: _detect,
    EmbedSpeakerInput: _embed,
    ConvertVoiceInput: _convert,
    RestoreAudioInput: _restore,
}
