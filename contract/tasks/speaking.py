"""Tasks that make sound: synthesize_mel, vocode, restore, synthesize, convert_voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from contract.audio.codec import Audio
from contract.audio.wav import FloatArray
from contract.embedding import AnyEmbedding
from contract.errors import InvalidRequest
from contract.fields import InstanceKeys, Tensor
from contract.tasks.base import (
    Energy,
    Mel,
    Pauses,
    Pitch,
    Seed,
    Speed,
    Task,
    TaskInput,
    TaskOutput,
    Text,
)
from contract.tasks.segments import SpeechSegment

# synthesize_mel, vocode, restore --------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SynthesizeMelOutput(TaskOutput):
    mel: Mel
    pauses: Pauses = None


@dataclass(frozen=True, slots=True, eq=False)
class SynthesizeMelInput(TaskInput[SynthesizeMelOutput]):
    task = Task.SYNTHESIZE_MEL
    output = SynthesizeMelOutput

    text: Text
    embedding: Annotated[AnyEmbedding, Tensor("the voice to say it in")]
    speed: Speed = 1.0
    pitch: Pitch = 1.0
    energy: Energy = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class AudioOutput(TaskOutput):
    audio: Annotated[Audio, Tensor("mono waveform at the model's own rate")]


@dataclass(frozen=True, slots=True, eq=False)
class VocodeInput(TaskInput[AudioOutput]):
    task = Task.VOCODE
    output = AudioOutput

    mel: Mel
    pauses: Pauses = None

    def __post_init__(self) -> None:
        if self.mel.size == 0:
            shape = list(self.mel.shape)
            raise InvalidRequest(f"mel has shape {shape}; send at least one frame", param="mel")


@dataclass(frozen=True, slots=True, eq=False)
class RestoreOutput(TaskOutput):
    mel: Annotated[FloatArray, Tensor("restored mel spectrogram [n_mels, frames]", shape=(-1, -1))]


@dataclass(frozen=True, slots=True, eq=False)
class RestoreInput(TaskInput[RestoreOutput]):
    task = Task.RESTORE
    output = RestoreOutput

    audio: Annotated[Audio, Tensor("mono recording, any rate")]


# synthesize, convert_voice --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SynthesizeOutput(AudioOutput):
    words: Annotated[
        tuple[SpeechSegment, ...] | None, Tensor("when each word is spoken, if word_times asks")
    ] = None


@dataclass(frozen=True, slots=True, eq=False)
class SynthesizeInput(TaskInput[AudioOutput]):
    task = Task.SYNTHESIZE
    output = SynthesizeOutput

    text: Text
    language: Annotated[
        str | None, Field(max_length=32, description="as the predictor's config spells it")
    ] = None
    voice: Annotated[
        str | None, Field(max_length=512, description="one of the predictor's voices, or a blend")
    ] = None
    speed: Speed = 1.0
    seed: Seed = None
    noise_scale: Annotated[
        float | None, Field(ge=0, le=2, description="variation of the sound")
    ] = None
    noise_scale_w: Annotated[
        float | None, Field(ge=0, le=2, description="variation of the rhythm")
    ] = None
    sdp_ratio: Annotated[
        float | None, Field(ge=0, le=1, description="share of the stochastic duration model")
    ] = None
    word_times: Annotated[
        bool | None, Field(description="also give words, where the model knows their times")
    ] = None


@dataclass(frozen=True, slots=True, eq=False)
class ConvertVoiceInput(TaskInput[AudioOutput]):
    """A predictor needs `target_embedding`; a toolchain makes it from `target_audio`."""

    task = Task.CONVERT_VOICE
    output = AudioOutput

    audio: Annotated[Audio, Tensor("mono speech whose voice is to change")]
    target_embedding: Annotated[
        AnyEmbedding | None,
        Tensor("the voice to get"),
        InstanceKeys("target_embedding", "embedding"),
    ] = None
    source_embedding: Annotated[
        AnyEmbedding | None,
        Tensor("the voice it has; absent: looked up by source_voice, else embedded from audio"),
    ] = None
    target_audio: Annotated[
        Audio | None,
        Tensor("speech in the voice to get (toolchains)", superseded_by="embedding"),
    ] = None
    source_language: Annotated[
        str | None,
        Field(max_length=32, description="language of the preset voice in audio"),
        InstanceKeys("source_language", "language"),
    ] = None
    source_voice: Annotated[
        str | None,
        Field(max_length=128, description="preset voice that speaks in audio"),
        InstanceKeys("source_voice", "voice"),
    ] = None
    tau: Annotated[float, Field(ge=0, le=2, description="variation of the converted voice")] = 0.3
    seed: Seed = None
