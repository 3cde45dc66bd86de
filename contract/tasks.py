"""What the models can be asked to do: one frozen input and one frozen output per task.

Every field is declared once, in its annotation. `Tensor` marks data, which travels as V2 tensors;
pydantic's `Field` describes and bounds a V2 parameter. The decoder, the metadata endpoint and
docs/models.md read the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from contract.audio.codec import Audio
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidRequest
from contract.fields import InstanceKeys, OneOf, Tensor, check_parameters

FloatArray = NDArray[np.float32]
AnyEmbedding = Embedding | LegacyEmbedding
MAX_TEXT_CHARACTERS = 100_000


class Task(StrEnum):
    TRANSCRIBE = "transcribe"
    DETECT_SPEECH = "detect_speech"
    EMBED_SPEAKER = "embed_speaker"
    SYNTHESIZE_MEL = "synthesize_mel"
    VOCODE = "vocode"
    SYNTHESIZE = "synthesize"
    CONVERT_VOICE = "convert_voice"
    RESTORE = "restore"
    SPEAK = "speak"
    """Toolchains only: text in any voice, presets or cloned from a reference."""
    RESTORE_AUDIO = "restore_audio"
    """Toolchains only: restoration from waveform to waveform."""
    DIARIZE = "diarize"
    """Toolchains only: who speaks when."""
    TRANSCRIBE_SPEAKERS = "transcribe_speakers"
    """Toolchains only: what is said, and by whom."""


class TaskOutput:
    """What a task gives back."""


Out = TypeVar("Out", bound=TaskOutput, covariant=True)


class TaskInput(Generic[Out]):
    """What a task is asked. Subclasses are frozen dataclasses that check text and parameters when
    they are made. Raises InvalidRequest that names the field."""

    task: ClassVar[Task]
    output: ClassVar[type[TaskOutput]]
    as_reference: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Parameters that are fixed when a V1 instance's reference is the audio: the instance's own
    parameters of these names then speak of the text to be spoken."""

    def __post_init__(self) -> None:
        check_parameters(self)
        text = getattr(self, "text", None)
        if text is not None:
            _check_text(text)


def _check_text(text: str) -> None:
    if not text.strip():
        raise InvalidRequest("text is empty; send what is to be said", param="text")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidRequest(
            f"text has {len(text)} characters; the most is {MAX_TEXT_CHARACTERS}", param="text"
        )
    try:
        text.encode()
    except UnicodeEncodeError:  # JSON can spell half a surrogate pair, which nobody could encode
        raise InvalidRequest("text is not valid Unicode text", param="text") from None


# What several tasks declare alike -------------------------------------------------------------


def _whole(value: Any) -> Any:
    """JSON writers of some languages know only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
Text = Annotated[str, Tensor("what to say, UTF-8")]
Speed = Annotated[float, Field(ge=0.25, le=4, description="tempo, 1 is the voice's own")]
Seed = Annotated[WholeNumber | None, Field(ge=0, le=2**63 - 1, description="same seed, same bytes")]
Duration = Annotated[float, Field(description="length of the audio in seconds")]
Pitch = Annotated[float, Field(ge=0, le=4, description="factor on the predicted pitch")]
Energy = Annotated[float, Field(ge=0, le=4, description="factor on the predicted energy")]
Mel = Annotated[FloatArray, Tensor("mel spectrogram [n_mels, frames]", shape=(-1, -1))]
Pauses = Annotated[
    FloatArray | None, Tensor("frames of each piece; a pause follows each [n]", shape=(-1,))
]
REFERENCE_KEYS = ("reference_audio", "target_audio")
"""Keys of a V1 instance under which the recording comes whose voice is wanted."""
_LISTENED_TO = InstanceKeys(*REFERENCE_KEYS, "audio")


# Speech segments and transcripts --------------------------------------------------------------

_Start = Annotated[float, Field(alias="start", strict=True)]
_End = Annotated[float, Field(alias="end", strict=True)]


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch of speech, seconds from the start of the audio."""

    start_s: _Start
    end_s: _End
    text: Annotated[str | None, Field(strict=True)] = None
    """What was said, where a recogniser found the segment; None where a detector did."""


@dataclass(frozen=True, slots=True)
class Word:
    start_s: _Start
    end_s: _End
    word: str
    probability: float


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """One segment of a transcript; the fields are Whisper's."""

    id: int
    seek: int
    start_s: _Start
    end_s: _End
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True, slots=True)
class SpeakerSegment:
    """A stretch of one speaker's speech, with text and words where it was transcribed."""

    start_s: _Start
    end_s: _End
    speaker: Annotated[str, Field(strict=True)]
    text: Annotated[str | None, Field(strict=True)] = None
    words: tuple[Word, ...] | None = None


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


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeOutput(TaskOutput):
    text: Annotated[str, Tensor("the whole transcript, UTF-8"), InstanceKeys("transcript", "text")]
    segments: Annotated[tuple[TranscriptSegment, ...], Tensor("segments in order of time")]
    language: Annotated[
        str,
        Field(description="ISO 639-1 code, detected or given"),
        InstanceKeys("transcript_language"),
    ] = ""
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

    audio: Annotated[Audio, Tensor("mono speech, any rate"), _LISTENED_TO]
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


# detect_speech --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class DetectSpeechOutput(TaskOutput):
    segments: Annotated[tuple[SpeechSegment, ...], Tensor("stretches of speech in order of time")]
    duration_s: Duration = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DetectSpeechInput(TaskInput[DetectSpeechOutput]):
    task = Task.DETECT_SPEECH
    output = DetectSpeechOutput

    audio: Annotated[Audio, Tensor("mono sound, any rate"), _LISTENED_TO]
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

    audio: Annotated[Audio, Tensor("mono reference speech, any rate"), _LISTENED_TO]
    segments: Annotated[
        tuple[SpeechSegment, ...] | None, Tensor("where the speech is; absent: all")
    ] = None
    each_segment: Annotated[bool, Field(description="embed every segment by itself, too")] = False


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
class SynthesizeInput(TaskInput[AudioOutput]):
    task = Task.SYNTHESIZE
    output = AudioOutput

    text: Text
    language: Annotated[
        str | None, Field(max_length=32, description="as the predictor's config spells it")
    ] = None
    voice: Annotated[
        str | None, Field(max_length=128, description="one of the predictor's voices")
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


# Toolchains -----------------------------------------------------------------------------------

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


KnownNames = Annotated[tuple[str, ...] | None, Tensor("names of known speakers")]
KnownReferences = Annotated[
    tuple[Audio, ...] | None, Tensor("a few seconds of each known speaker, in the names' order")
]
SpeakerCount = Annotated[
    WholeNumber | None, Field(ge=1, le=32, description="how many speak; absent: found out")
]
SpeakerDistance = Annotated[
    float | None,
    Field(ge=0, le=2, description="nearer clusters of speech are one voice; absent: 0.08"),
]


@dataclass(frozen=True, slots=True, eq=False)
class DiarizeOutput(TaskOutput):
    segments: Annotated[
        tuple[SpeakerSegment, ...], Tensor("who speaks when: A, B, … or known names")
    ]
    duration_s: Duration = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DiarizeInput(TaskInput[DiarizeOutput]):
    task = Task.DIARIZE
    output = DiarizeOutput

    audio: Annotated[Audio, Tensor("mono speech of several people, any rate")]
    known_speaker_names: KnownNames = None
    known_speaker_references: KnownReferences = None
    num_speakers: SpeakerCount = None
    speaker_distance: SpeakerDistance = None
    threshold: SpeechThreshold = None
    min_silence_duration_ms: LeastSilence = None
    speech_pad_ms: SpeechPad = None


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeSpeakersOutput(TaskOutput):
    text: Annotated[str, Tensor("the whole transcript, UTF-8"), InstanceKeys("transcript", "text")]
    segments: Annotated[tuple[SpeakerSegment, ...], Tensor("what each speaker says, in order")]
    language: Annotated[
        str,
        Field(description="ISO 639-1 code, detected or given"),
        InstanceKeys("transcript_language"),
    ] = ""
    duration_s: Duration = 0.0
    text_tokens: Annotated[int, Field(description="the recogniser's tokens of the text")] = 0


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeSpeakersInput(TaskInput[TranscribeSpeakersOutput]):
    task = Task.TRANSCRIBE_SPEAKERS
    output = TranscribeSpeakersOutput

    audio: Annotated[Audio, Tensor("mono speech of several people, any rate")]
    known_speaker_names: KnownNames = None
    known_speaker_references: KnownReferences = None
    num_speakers: SpeakerCount = None
    speaker_distance: SpeakerDistance = None
    threshold: SpeechThreshold = None
    min_silence_duration_ms: LeastSilence = None
    speech_pad_ms: SpeechPad = None
    recogniser: Annotated[
        str | None, Field(max_length=64, description="whose transcript; absent: the first's")
    ] = None
    language: Language = None
    languages: Languages = None
    prompt: Prompt = None
    hotwords: Hotwords = None
    temperature: Temperature = 0.0
    beam_size: Beams = 5


INPUTS: dict[Task, type[TaskInput[Any]]] = {
    kind.task: kind
    for kind in (
        TranscribeInput,
        DetectSpeechInput,
        EmbedSpeakerInput,
        SynthesizeMelInput,
        VocodeInput,
        SynthesizeInput,
        ConvertVoiceInput,
        RestoreInput,
        SpeakInput,
        RestoreAudioInput,
        DiarizeInput,
        TranscribeSpeakersInput,
    )
}
