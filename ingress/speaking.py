"""Text to sound: one call per piece of text, by the kind of model that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from contract.audio.codec import Audio, resample
from contract.embedding import AnyEmbedding
from contract.errors import InvalidRequest
from contract.tasks import (
    AudioOutput,
    FloatArray,
    SpeakInput,
    SpeechSegment,
    SynthesizeInput,
    SynthesizeOutput,
    TaskInput,
)
from ingress.endpoints import ListedModel
from ingress.request_state import RequestState
from ingress.selection import Speaker, speaker_in
from ingress.state import AppState
from ingress.text.pieces import Piece, TextToSpeak

Speak = Callable[[Piece], Awaitable[Audio]]
OnWords = Callable[[tuple[SpeechSegment, ...]], None]
"""Takes words with their times within the piece, without the silence before it."""
_SPEEDS = (0.25, 4.0)
_SILENT_RATE = 24_000
_SILENT_BELOW = 10 ** (-50 / 20)
"""Of the peak: what nobody hears behind speech."""


@dataclass(frozen=True)
class SynthesisOptions:
    """How to speak. The fields are those of the tasks."""

    speed: float = 1.0
    pitch: float = 1.0
    energy: float = 1.0
    seed: int | None = None
    on_words: OnWords | None = None
    """Called after each piece with its words, where the model tells their times."""


@dataclass(frozen=True)
class Reference:
    """Whose voice to clone."""

    audio: Audio | None = None
    segments: tuple[SpeechSegment, ...] | None = None
    embedding: AnyEmbedding | None = None
    segment_source: str | None = None


async def pieces_of(
    app_state: AppState,
    state: RequestState,
    model: ListedModel,
    speaker: Speaker,
    text: str,
    *,
    normalize: bool,
) -> list[Piece]:
    """A request's text in the pieces that are spoken. Raises InvalidRequest."""
    max_chars = app_state.settings.max_text_chars
    speaker_of = partial(speaker_in, model, speaker, param="xml:lang")

    def read() -> TextToSpeak:
        from ingress.text.reading import read_text  # which takes long, so not on the event loop

        return read_text(
            text,
            speaker,
            speaker_of,
            max_chars=max_chars,
            normalize=normalize,
            takes_phonemes=model.traits.phonemes,
        )

    found = await app_state.in_thread(read)
    state.ignored += found.ignored
    return found.pieces


def speak_with(
    app_state: AppState,
    state: RequestState,
    model: ListedModel,
    options: SynthesisOptions,
    pieces: Sequence[Piece],
    mode: str = "single_speaker_tts",
    reference: Reference | None = None,
) -> Speak:
    """A function that speaks one piece of text; its every call takes the same options.

    Raises InvalidRequest for what a plain synthesizer cannot do, and for `pieces` that cannot be
    asked for, before any work.
    """

    def request(piece: Piece) -> TaskInput[AudioOutput]:
        its = replace(options, speed=options.speed * piece.rate)
        if model.is_toolchain:
            return _for_toolchain(piece, its, mode, reference or Reference())
        return _for_synthesizer(piece, its, has_words=model.traits.word_times)

    async def speak(piece: Piece) -> Audio:
        if not piece.text:
            return Audio(np.zeros(0, np.float32), _SILENT_RATE)
        spoken = await app_state.call(model.id, request(piece), state)
        if options.on_words and isinstance(spoken, SynthesizeOutput):
            options.on_words(spoken.words or ())
        return spoken.audio

    if not model.is_toolchain:
        _refuse_pitch_and_energy(model, options)
    for piece in pieces:
        _check_rate(piece, options)
        if piece.text:
            request(piece)
    return speak


def _check_rate(piece: Piece, options: SynthesisOptions) -> None:
    low, high = _SPEEDS
    if piece.rate != 1 and not low <= piece.rate * options.speed <= high:
        raise InvalidRequest(
            f"rate of <prosody>, times speed, is {piece.rate * options.speed:g}; "
            f"it must be from {low} to {high:.0f}",
            param="text",
        )


def with_silences(speak: Speak) -> Speak:
    """The same, with the silences that a piece asks for: behind it exactly as long as it says."""

    async def speak_and_pause(piece: Piece) -> Audio:
        audio = await speak(piece)
        if not piece.before_s and piece.after_s is None:
            return audio  # the file that the model answered, as it came
        return await asyncio.to_thread(_between_silences, audio, piece)

    return speak_and_pause


def _between_silences(audio: Audio, piece: Piece) -> Audio:
    samples = audio.samples
    if piece.after_s is not None:
        loud = np.flatnonzero(np.abs(samples) > _SILENT_BELOW * np.abs(samples).max(initial=0))
        samples = samples[: loud[-1] + 1 if loud.size else 0]
    before, after = _silence(piece.before_s, audio), _silence(piece.after_s or 0.0, audio)
    return Audio(np.concatenate([before, samples, after]), audio.sample_rate)


def _silence(seconds: float, like: Audio) -> FloatArray:
    return np.zeros(round(seconds * like.sample_rate), np.float32)


def _for_synthesizer(
    piece: Piece, options: SynthesisOptions, *, has_words: bool
) -> SynthesizeInput:
    return SynthesizeInput(
        piece.text,
        piece.speaker.language,
        piece.speaker.voice,
        speed=options.speed,
        seed=options.seed,
        word_times=True if options.on_words and has_words else None,
    )


def _for_toolchain(
    piece: Piece, options: SynthesisOptions, mode: str, reference: Reference
) -> SpeakInput:
    return SpeakInput(
        piece.text,
        reference.audio,
        reference.segments,
        reference.embedding,
        mode=mode,
        segment_source=reference.segment_source,
        language=piece.speaker.language,
        voice=piece.speaker.voice,
        speed=options.speed,
        pitch=options.pitch,
        energy=options.energy,
        seed=options.seed,
    )


def _refuse_pitch_and_energy(model: ListedModel, options: SynthesisOptions) -> None:
    for name in ("pitch", "energy"):
        if getattr(options, name) != 1.0:
            raise InvalidRequest(
                f"{model.id} cannot change {name}; leave it out or use harmonyspeech", param=name
            )


def joined(sounds: list[Audio]) -> Audio:
    """One sound of several, at the rate of the first; a single one as it came."""
    if len(sounds) == 1:
        return sounds[0]
    rate = sounds[0].sample_rate
    return Audio(np.concatenate([resample(sound, rate).samples for sound in sounds]), rate)
