"""Tasks of toolchains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from contract.audio.codec import Audio
from contract.embedding import AnyEmbedding
from contract.fields import OneOf, Tensor
from contract.tasks.base import (
    Duration,
    Energy,
    Out,
    Pitch,
    Seed,
    Speed,
    Task,
    TaskInput,
    TaskOutput,
    Text,
    WholeNumber,
)
from contract.tasks.listening import (
    Beams,
    Hotwords,
    Language,
    Languages,
    LeastSilence,
    Prompt,
    SpeechPad,
    SpeechThreshold,
    SpokenLanguage,
    Temperature,
    Transcript,
)
from contract.tasks.segments import SpeakerSegment, SpeechSegment
from contract.tasks.speaking import AudioOutput

SPEAK_MODES = ("single_speaker_tts", "voice_cloning")
SEGMENT_SOURCES = ("whisper", "silero")


@dataclass(frozen=True, slots=True, eq=False)
class SpeakInput(TaskInput[AudioOutput]):
    task = Task.SPEAK
    output = AudioOutput

    text: Text
    reference_audio: Annotated[Audio | None, Tensor("speech in the voice to clone")] = None
    segments: Annotated[tuple[SpeechSegment, ...] | None, Tensor("where the reference speaks")] = (
        None
    )
    embedding: Annotated[AnyEmbedding | None, Tensor("the voice, embedded before")] = None
    mode: Annotated[str, Field(description="preset voice or cloned voice"), OneOf(SPEAK_MODES)] = (
        SPEAK_MODES[0]
    )
    segment_source: Annotated[
        str | None,
        Field(description="who finds the speech in the reference"),
        OneOf(SEGMENT_SOURCES),
    ] = None
    language: Annotated[str | None, Field(max_length=32, description="picks the synthesizer")] = (
        None
    )
    voice: Annotated[
        str | None, Field(max_length=128, description="one of that synthesizer's voices")
    ] = None
    speed: Speed = 1.0
    pitch: Pitch = 1.0
    energy: Energy = 1.0
    seed: Seed = None


@dataclass(frozen=True, slots=True, eq=False)
class RestoreAudioInput(TaskInput[AudioOutput]):
    task = Task.RESTORE_AUDIO
    output = AudioOutput

    audio: Annotated[Audio, Tensor("mono recording, any rate and length")]


@dataclass(frozen=True, slots=True, eq=False)
class DiarizeOutput(TaskOutput):
    segments: Annotated[
        tuple[SpeakerSegment, ...], Tensor("who speaks when: A, B, … or known names")
    ]
    duration_s: Duration = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SpeakersInput(TaskInput[Out]):
    """What both tasks are asked that tell speakers apart."""

    audio: Annotated[Audio, Tensor("mono speech of several people, any rate")]
    known_speaker_names: Annotated[tuple[str, ...] | None, Tensor("names of known speakers")] = None
    known_speaker_references: Annotated[
        tuple[Audio, ...] | None, Tensor("a few seconds of each known speaker, in the names' order")
    ] = None
    num_speakers: Annotated[
        WholeNumber | None, Field(ge=1, le=32, description="how many speak; absent: found out")
    ] = None
    speaker_distance: Annotated[
        float | None,
        Field(ge=0, le=2, description="nearer clusters of speech are one voice; absent: 0.07"),
    ] = None
    threshold: SpeechThreshold = None
    min_silence_duration_ms: LeastSilence = None
    speech_pad_ms: SpeechPad = None


@dataclass(frozen=True, slots=True, eq=False)
class DiarizeInput(SpeakersInput[DiarizeOutput]):
    task = Task.DIARIZE
    output = DiarizeOutput


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeSpeakersOutput(TaskOutput):
    text: Transcript
    segments: Annotated[tuple[SpeakerSegment, ...], Tensor("what each speaker says, in order")]
    language: SpokenLanguage = ""
    duration_s: Duration = 0.0
    text_tokens: Annotated[int, Field(description="the recogniser's tokens of the text")] = 0


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeSpeakersInput(SpeakersInput[TranscribeSpeakersOutput]):
    task = Task.TRANSCRIBE_SPEAKERS
    output = TranscribeSpeakersOutput

    recogniser: Annotated[
        str | None, Field(max_length=64, description="whose transcript; absent: the first's")
    ] = None
    language: Language = None
    languages: Languages = None
    prompt: Prompt = None
    hotwords: Hotwords = None
    temperature: Temperature = 0.0
    beam_size: Beams = 5
