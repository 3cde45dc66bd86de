"""What the models can be asked to do: one frozen input and one frozen output per task.

Fields made by `tensor` carry data and travel as V2 tensors; fields made by `knob` travel as V2
parameters. Both carry their own documentation and limits, so the decoder, the metadata endpoint
and docs/models.md read the same lines.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from contract.audio.codec import Audio
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidRequest

FloatArray = NDArray[np.float32]
Names = tuple[str, ...]
"""Keys of a V1 envelope for one field, where they differ from its name: an input is read from the
first that is there; an output goes under the first, and under the rest unless they are taken."""
REFERENCE: Names = ("reference_audio", "target_audio")
"""Envelope keys of the recording whose voice is wanted."""
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


def tensor(
    doc: str,
    default: Any = MISSING,
    *,
    shape: tuple[int, ...] = (),
    envelope: Names = (),
    superseded_by: str | None = None,
) -> Any:
    """A field that carries data. Required unless it has a default.

    `shape`: of an array, -1 for any length; other kinds of value have shapes of their own.
    `superseded_by`: an envelope's key that replaces this field once a step has produced it.
    """
    metadata = {
        "kind": "tensor",
        "doc": doc,
        "shape": shape,
        "envelope": envelope,
        "superseded_by": superseded_by,
    }
    return dataclasses.field(default=default, metadata=metadata)


def knob(
    doc: str,
    default: Any = None,
    *,
    ge: float | None = None,
    le: float | None = None,
    max_length: int = 4096,
    choices: tuple[str, ...] = (),
    envelope: Names = (),
) -> Any:
    """A field that tunes the work. Limits are inclusive; `choices` closes a string."""
    limits = {"ge": ge, "le": le, "max_length": max_length, "choices": choices}
    metadata = {"kind": "knob", "doc": doc, "envelope": envelope, **limits}
    return dataclasses.field(default=default, metadata=metadata)


class TaskOutput:
    """What a task gives back."""


Out = TypeVar("Out", bound=TaskOutput, covariant=True)


class TaskInput(Generic[Out]):
    """What a task is asked. Subclasses are frozen dataclasses; text and knobs are checked."""

    task: ClassVar[Task]
    output: ClassVar[type[TaskOutput]]
    as_reference: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Knobs that are fixed when an envelope's reference is the audio: the envelope's own knobs of
    these names then speak of the text to be spoken."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            if field.metadata.get("kind") == "knob":
                _check_knob(field.name, getattr(self, field.name), field.metadata)
            elif field.name == "text":
                _check_text(getattr(self, field.name))


def _check_text(text: str) -> None:
    if not text.strip():
        raise InvalidRequest("text is empty; send what is to be said", param="text")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidRequest(
            f"text has {len(text)} characters; the most is {MAX_TEXT_CHARACTERS}", param="text"
        )
    _check_unicode("text", text)


def _check_unicode(name: str, value: str) -> None:
    """JSON can spell half a surrogate pair, which nothing downstream could encode."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{name} is not valid Unicode text", param=name) from None


def _check_knob(name: str, value: Any, limits: Mapping[str, Any]) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_number(name, value, limits)
    if isinstance(value, str):
        _check_string(name, value, limits)


def _check_number(name: str, value: float, limits: Mapping[str, Any]) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(f"{name} must be a finite number", param=name)
    if limits["ge"] is not None and value < limits["ge"]:
        raise InvalidRequest(f"{name} is {value}; the least is {limits['ge']}", param=name)
    if limits["le"] is not None and value > limits["le"]:
        raise InvalidRequest(f"{name} is {value}; the most is {limits['le']}", param=name)


def _check_string(name: str, value: str, limits: Mapping[str, Any]) -> None:
    if limits["choices"] and value not in limits["choices"]:
        known = ", ".join(limits["choices"])
        raise InvalidRequest(f"{name} must be one of: {known}", param=name)
    if len(value) > limits["max_length"]:
        raise InvalidRequest(
            f"{name} has {len(value)} characters; the most is {limits['max_length']}", param=name
        )
    _check_unicode(name, value)


# Speech segments and transcripts ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch of speech, seconds from the start of the audio."""

    start_s: float
    end_s: float
    text: str | None = None
    """What was said, where a recogniser found the segment; None where a detector did."""


@dataclass(frozen=True, slots=True)
class Word:
    start_s: float
    end_s: float
    word: str
    probability: float


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """One segment of a transcript; the fields are Whisper's."""

    id: int
    seek: int
    start_s: float
    end_s: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: tuple[Word, ...] | None = None


# transcribe ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeOutput(TaskOutput):
    text: str = tensor("the whole transcript, UTF-8", envelope=("transcript", "text"))
    segments: tuple[TranscriptSegment, ...] = tensor("segments in order of time")
    language: str = knob("ISO 639-1 code, detected or given", "", envelope=("transcript_language",))
    language_probability: float = knob("confidence of the detection, 1 when given", 1.0)
    duration_s: float = knob("length of the audio in seconds", 0.0)

    def speech_segments(self) -> tuple[SpeechSegment, ...]:
        return tuple(SpeechSegment(s.start_s, s.end_s, s.text) for s in self.segments)


@dataclass(frozen=True, slots=True, eq=False)
class TranscribeInput(TaskInput[TranscribeOutput]):
    task = Task.TRANSCRIBE
    output = TranscribeOutput

    as_reference = MappingProxyType({"language": None, "segment_timestamps": True})

    audio: Audio = tensor("mono speech, any rate", envelope=(*REFERENCE, "audio"))
    language: str | None = knob("ISO 639-1 code; absent: detected", max_length=16)
    languages: str | None = knob("codes with commas: detection among them", max_length=1024)
    translate: bool = knob("write English whatever is spoken", False)
    prompt: str | None = knob("text the transcript continues, to fix spelling and style")
    hotwords: str | None = knob("words to expect", max_length=1024)
    temperature: float = knob("0: beam search with fall-back; above: sampling", 0.0, ge=0, le=1)
    word_timestamps: bool = knob("times for every word", False)
    segment_timestamps: bool = knob("segments by sentence instead of by chunk of speech", False)
    vad_filter: bool = knob("skip what is not speech", True)
    beam_size: int = knob("beams of the search", 5, ge=1, le=10)


# detect_speech ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class DetectSpeechOutput(TaskOutput):
    segments: tuple[SpeechSegment, ...] = tensor("stretches of speech in order of time")
    duration_s: float = knob("length of the audio in seconds", 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class DetectSpeechInput(TaskInput[DetectSpeechOutput]):
    task = Task.DETECT_SPEECH
    output = DetectSpeechOutput

    audio: Audio = tensor("mono sound, any rate", envelope=(*REFERENCE, "audio"))
    threshold: float = knob("probability above which a window is speech", 0.5, ge=0, le=1)
    min_speech_duration_ms: int = knob("shorter speech is dropped", 250, ge=0, le=60_000)
    min_silence_duration_ms: int = knob("shorter gaps do not split", 100, ge=0, le=60_000)
    speech_pad_ms: int = knob("added at both ends of a segment", 30, ge=0, le=10_000)


# embed_speaker ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class EmbedSpeakerOutput(TaskOutput):
    embedding: Embedding = tensor("the speaker's voice as one vector")


@dataclass(frozen=True, slots=True, eq=False)
class EmbedSpeakerInput(TaskInput[EmbedSpeakerOutput]):
    task = Task.EMBED_SPEAKER
    output = EmbedSpeakerOutput

    audio: Audio = tensor("mono reference speech, any rate", envelope=(*REFERENCE, "audio"))
    segments: tuple[SpeechSegment, ...] | None = tensor("where the speech is; absent: all", None)


# synthesize_mel, vocode, restore ------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SynthesizeMelOutput(TaskOutput):
    mel: FloatArray = tensor("mel spectrogram [n_mels, frames]", shape=(-1, -1))
    pauses: FloatArray | None = tensor(
        "frames of each piece; a pause follows each [n]", None, shape=(-1,)
    )


@dataclass(frozen=True, slots=True, eq=False)
class SynthesizeMelInput(TaskInput[SynthesizeMelOutput]):
    task = Task.SYNTHESIZE_MEL
    output = SynthesizeMelOutput

    text: str = tensor("what to say, UTF-8")
    embedding: Embedding | LegacyEmbedding = tensor("the voice to say it in")
    speed: float = knob("tempo, 1 is the voice's own", 1.0, ge=0.25, le=4)
    pitch: float = knob("factor on the predicted pitch", 1.0, ge=0, le=4)
    energy: float = knob("factor on the predicted energy", 1.0, ge=0, le=4)


@dataclass(frozen=True, slots=True, eq=False)
class AudioOutput(TaskOutput):
    audio: Audio = tensor("mono waveform at the model's own rate")


@dataclass(frozen=True, slots=True, eq=False)
class VocodeInput(TaskInput[AudioOutput]):
    task = Task.VOCODE
    output = AudioOutput

    mel: FloatArray = tensor("mel spectrogram [n_mels, frames]", shape=(-1, -1))
    pauses: FloatArray | None = tensor(
        "frames of each piece; a pause follows each [n]", None, shape=(-1,)
    )


@dataclass(frozen=True, slots=True, eq=False)
class RestoreOutput(TaskOutput):
    mel: FloatArray = tensor("restored mel spectrogram [n_mels, frames]", shape=(-1, -1))


@dataclass(frozen=True, slots=True, eq=False)
class RestoreInput(TaskInput[RestoreOutput]):
    task = Task.RESTORE
    output = RestoreOutput

    audio: Audio = tensor("mono recording, any rate")


# synthesize, convert_voice ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SynthesizeInput(TaskInput[AudioOutput]):
    task = Task.SYNTHESIZE
    output = AudioOutput

    text: str = tensor("what to say, UTF-8")
    language: str | None = knob("as the predictor's config spells it", max_length=32)
    voice: str | None = knob("one of the predictor's voices", max_length=128)
    speed: float = knob("tempo, 1 is the voice's own", 1.0, ge=0.25, le=4)
    seed: int | None = knob("same seed, same bytes", ge=0, le=2**63 - 1)
    noise_scale: float | None = knob("variation of the sound", ge=0, le=2)
    noise_scale_w: float | None = knob("variation of the rhythm", ge=0, le=2)
    sdp_ratio: float | None = knob("share of the stochastic duration model", ge=0, le=1)


@dataclass(frozen=True, slots=True, eq=False)
class ConvertVoiceInput(TaskInput[AudioOutput]):
    """A predictor needs `target_embedding`; a toolchain makes it from `target_audio`."""

    task = Task.CONVERT_VOICE
    output = AudioOutput

    audio: Audio = tensor("mono speech whose voice is to change")
    target_embedding: Embedding | LegacyEmbedding | None = tensor(
        "the voice to get", None, envelope=("target_embedding", "embedding")
    )
    source_embedding: Embedding | LegacyEmbedding | None = tensor(
        "the voice it has; absent: looked up by source_voice, else embedded from audio", None
    )
    target_audio: Audio | None = tensor(
        "speech in the voice to get (toolchains)", None, superseded_by="embedding"
    )
    source_language: str | None = knob(
        "language of the preset voice in audio",
        max_length=32,
        envelope=("source_language", "language"),
    )
    source_voice: str | None = knob(
        "preset voice that speaks in audio", max_length=128, envelope=("source_voice", "voice")
    )
    tau: float = knob("variation of the converted voice", 0.3, ge=0, le=2)
    seed: int | None = knob("same seed, same bytes", ge=0, le=2**63 - 1)


# Toolchains ---------------------------------------------------------------------------------

SPEAK_MODES = ("single_speaker_tts", "voice_cloning")
SEGMENT_SOURCES = ("whisper", "silero")


@dataclass(frozen=True, slots=True, eq=False)
class SpeakInput(TaskInput[AudioOutput]):
    task = Task.SPEAK
    output = AudioOutput

    text: str = tensor("what to say, UTF-8")
    reference_audio: Audio | None = tensor("speech in the voice to clone", None)
    segments: tuple[SpeechSegment, ...] | None = tensor("where the reference speaks", None)
    embedding: Embedding | LegacyEmbedding | None = tensor("the voice, embedded before", None)
    mode: str = knob("preset voice or cloned voice", SPEAK_MODES[0], choices=SPEAK_MODES)
    segment_source: str | None = knob(
        "who finds the speech in the reference", choices=SEGMENT_SOURCES
    )
    language: str | None = knob("picks the synthesizer", max_length=32)
    voice: str | None = knob("one of that synthesizer's voices", max_length=128)
    speed: float = knob("tempo, 1 is the voice's own", 1.0, ge=0.25, le=4)
    pitch: float = knob("factor on the predicted pitch (harmonyspeech)", 1.0, ge=0, le=4)
    energy: float = knob("factor on the predicted energy (harmonyspeech)", 1.0, ge=0, le=4)
    seed: int | None = knob("same seed, same bytes", ge=0, le=2**63 - 1)


@dataclass(frozen=True, slots=True, eq=False)
class RestoreAudioInput(TaskInput[AudioOutput]):
    task = Task.RESTORE_AUDIO
    output = AudioOutput

    audio: Audio = tensor("mono recording, any rate and length")


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
    )
}
