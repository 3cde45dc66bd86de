"""Text to sound: one call per piece of text, by the kind of model that answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from contract.audio.codec import Audio, resample
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidRequest
from contract.tasks import AudioOutput, SpeakInput, SpeechSegment, SynthesizeInput, TaskInput
from ingress.endpoints import ListedModel
from ingress.request_state import RequestState
from ingress.selection import Speaker
from ingress.state import AppState

Speak = Callable[[str], Awaitable[Audio]]


@dataclass(frozen=True)
class SynthesisOptions:
    """How to speak. The fields are those of the tasks."""

    speed: float = 1.0
    pitch: float = 1.0
    energy: float = 1.0
    seed: int | None = None


@dataclass(frozen=True)
class Reference:
    """Whose voice to clone."""

    audio: Audio | None = None
    segments: tuple[SpeechSegment, ...] | None = None
    embedding: Embedding | LegacyEmbedding | None = None
    segment_source: str | None = None


def speak_with(
    app_state: AppState,
    state: RequestState,
    card: ListedModel,
    speaker: Speaker,
    options: SynthesisOptions,
    mode: str = "single_speaker_tts",
    reference: Reference | None = None,
) -> Speak:
    """A function that speaks one piece of text; its every call takes the same options and voice.

    Raises InvalidRequest for what a plain synthesizer cannot do.
    """

    def request(text: str) -> TaskInput[AudioOutput]:
        if card.is_toolchain:
            return _for_toolchain(text, speaker, options, mode, reference or Reference())
        return SynthesizeInput(
            text, speaker.language, speaker.voice, speed=options.speed, seed=options.seed
        )

    async def speak(text: str) -> Audio:
        return (await app_state.call(card.id, request(text), state)).audio

    if not card.is_toolchain:
        _refuse_pitch_and_energy(card, options)
    request(".")  # a parameter out of range is refused before any work
    return speak


def _for_toolchain(
    text: str, speaker: Speaker, options: SynthesisOptions, mode: str, reference: Reference
) -> SpeakInput:
    return SpeakInput(
        text,
        reference.audio,
        reference.segments,
        reference.embedding,
        mode=mode,
        segment_source=reference.segment_source,
        language=speaker.language,
        voice=speaker.voice,
        speed=options.speed,
        pitch=options.pitch,
        energy=options.energy,
        seed=options.seed,
    )


def _refuse_pitch_and_energy(card: ListedModel, options: SynthesisOptions) -> None:
    for name in ("pitch", "energy"):
        if getattr(options, name) != 1.0:
            raise InvalidRequest(
                f"{card.id} cannot change {name}; leave it out or use harmonyspeech", param=name
            )


def joined(sounds: list[Audio]) -> Audio:
    """One sound of several, at the rate of the first."""
    rate = sounds[0].sample_rate
    return Audio(np.concatenate([resample(sound, rate).samples for sound in sounds]), rate)
