"""Tasks that listen: transcribe, detect_speech, embed_speaker."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from contract.audio.codec import Audio
from contract.audio.wav import FloatArray
from contract.embedding import Embedding
from contract.fields import InstanceKeys, Tensor
from contract.tasks.base import (
    LISTENED_TO,
    MAX_TEXT_CHARACTERS,
    Duration,
    Task,
    TaskInput,
    TaskOutput,
    WholeNumber,
)
from contract.tasks.segments import SpeechSegment, TranscriptSegment

# transcribe -----------------------------------------------------------------------------------

Language = Annotated[
    str | None, Field(max_length=16, description="ISO 639-1 code; absent: detected")
]
Languages = Annotated[
    str | None, Field(max_length=1024, description="codes with commas: detection among them")
]
Prompt = Annotated[
    str | None,
    Field(
        max_length=MAX_TEXT_CHARACTERS,
        description="text the transcript continues, to fix spelling and style; its end counts",
    ),
]
Hotwords = Annotated[
    str | None,
    Field(max_length=MAX_TEXT_CHARACTERS, description="words to expect; the first count"),
]
Temperature = Annotated[
    float, Field(ge=0, le=1, description="0: beam search with fall-back; above: sampling")
]
Beams = Annotated[WholeNumber, Field(ge=1, le=10, description="beams of the search")]
SpeechThreshold = Annotated[
    float | None,
    Field(ge=0, le=1, description="probability above which it is speech; absent: the model's own"),
]
LeastSilence = Annotated[
    WholeNumber | None,
    Field(ge=0, le=60_000, description="shorter pauses do not split; absent: the model's own"),
]
SpeechPad = Annotated[
    WholeNumber | None,
    Field(ge=0, le=10_000, description="kept before speech; absent: the model's own"),
]
Transcript = Annotated[
    str, Tensor("the whole transcript, UTF-8"), InstanceKeys("transcript", "text")
]
SpokenLanguage = Annotated[
    str,
    Field(description="ISO 639-1 code, detected or given"),
    InstanceKeys("transcript_language"),
]


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeOutput(TaskOutput):
    text: Transcript
    segments: Annotated[tuple[TranscriptSegment, ...], Tensor("segments in order of time")]
    language: SpokenLanguage = ""
    language_probability: Annotated[
        float, Field(description="confidence of the detection, 1 when given")
    ] = 1.0
    duration_s: Duration = 0.0

    def speech_segments(self) -> tuple[SpeechSegment, ...]:
        return tuple(SpeechSegment(s.start_s, s.end_s, s.text) for s in self.segments)


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeInput(TaskInput[TranscribeOutput]):
    task = Task.TRANSCRIBE
    output = TranscribeOutput

    as_reference = MappingProxyType({"language": None, "segment_timestamps": True})

    audio: Annotated[Audio, Tensor("mono speech, any rate"), LISTENED_TO]
    language: Language = None
    languages: Languages = None
    translate: Annotated[bool, Field(description="write English whatever is spoken")] = False
    prompt: Prompt = None
    hotwords: Hotwords = None
    temperature: Temperature = 0.0
    word_timestamps: Annotated[bool, Field(description="times for every word")] = False
    segment_timestamps: Annotated[
        bool, Field(description="segments by sentence instead of by chunk of speech")
    ] = False
    vad_filter: Annotated[bool, Field(description="skip what is not speech")] = True
    beam_size: Beams = 5
    threshold: SpeechThreshold = None
    min_silence_duration_ms: LeastSilence = None
    speech_pad_ms: SpeechPad = None
    fallback: Annotated[
        bool, Field(description="decode again what looks wrong; false: the first text, sooner")
    ] = True


# detect_speech --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class DetectSpeechOutput(TaskOutput):
    segments: Annotated[tuple[SpeechSegment, ...], Tensor("stretches of speech in order of time")]
    duration_s: Duration = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DetectSpeechInput(TaskInput[DetectSpeechOutput]):
    task = Task.DETECT_SPEECH
    output = DetectSpeechOutput

    audio: Annotated[Audio, Tensor("mono sound, any rate"), LISTENED_TO]
    threshold: Annotated[
        float, Field(ge=0, le=1, description="probability above which a window is speech")
    ] = 0.5
    min_speech_duration_ms: Annotated[
        WholeNumber, Field(ge=0, le=60_000, description="shorter speech is dropped")
    ] = 250
    min_silence_duration_ms: Annotated[
        WholeNumber, Field(ge=0, le=60_000, description="shorter gaps do not split")
    ] = 100
    speech_pad_ms: Annotated[
        WholeNumber, Field(ge=0, le=10_000, description="added at both ends of a segment")
    ] = 30


# embed_speaker --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class EmbedSpeakerOutput(TaskOutput):
    embedding: Annotated[Embedding, Tensor("the speaker's voice as one vector")]
    segment_embeddings: Annotated[
        FloatArray | None,
        Tensor("with each_segment: a unit vector a segment, zeros without a voice", shape=(-1, -1)),
    ] = None


@dataclass(frozen=True, slots=True, eq=False)
class EmbedSpeakerInput(TaskInput[EmbedSpeakerOutput]):
    task = Task.EMBED_SPEAKER
    output = EmbedSpeakerOutput

    audio: Annotated[Audio, Tensor("mono reference speech, any rate"), LISTENED_TO]
    segments: Annotated[
        tuple[SpeechSegment, ...] | None, Tensor("where the speech is; absent: all")
    ] = None
    each_segment: Annotated[bool, Field(description="embed every segment by itself, too")] = False
