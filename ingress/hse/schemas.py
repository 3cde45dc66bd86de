"""HSE's bodies. Unknown keys are ignored, as HSE does, and named in a header."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, Field

from ingress.client_body import ClientBody, FileFormat, Seed
from ingress.encoding import AudioFormat


class GenerationOptions(ClientBody):
    """Null and zero count as not given, as HSE counts them."""

    seed: Seed = None
    """Here zero is a seed like any other."""
    speed: float | None = None
    pitch: float | None = None
    """harmonyspeech only."""
    energy: float | None = None
    """harmonyspeech only."""
    style: int | None = None
    exaggeration: float | None = None
    cfg_weight: float | None = None
    min_p: float | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    norm_loudness: bool | None = None


class AudioOutputOptions(ClientBody):
    format: FileFormat = AudioFormat.WAV
    sample_rate: int | None = Field(default=None, ge=8_000, le=48_000)
    """Hz; absent: the model's own, or the nearest that the format has."""
    stream: bool = False
    """Answer with the bare audio, sent as it is made, instead of with JSON."""


class AudioConversionRequest(ClientBody):
    """Restoration; as a filter of another request, of that request's audio."""

    model: str = ""
    source_audio: str = ""
    """Base64 of an audio file."""
    output_options: AudioOutputOptions | None = None
    pre_processing_filters: list[AudioConversionRequest] = Field(default=[], max_length=4)


class VoiceConversionRequest(AudioConversionRequest):
    """Exactly one target."""

    target_audio: str | None = None
    """Base64 of speech in the voice to get; toolchains only."""
    target_embedding: str | None = None
    generation_options: GenerationOptions | None = None


class TextToSpeechRequest(ClientBody):
    """Text to speech, in a preset or a cloned voice."""

    model: str = ""
    input: str = ""
    mode: str = ""
    """single_speaker_tts or voice_cloning."""
    language: str | None = Field(
        default=None, validation_alias=AliasChoices("language", "language_id")
    )
    voice: str | None = None
    input_audio: str | None = None
    """Base64 of speech in the voice to clone."""
    input_vad_mode: str | None = None
    """whisper or silero: who finds the speech in input_audio."""
    input_vad_data: str | dict[str, Any] | None = None
    """Where the speech is: Whisper's shape, or an answer of /v1/audio/vad, as JSON."""
    input_embedding: str | None = None
    """Base64 that /v1/embed/speaker gave for this family of models."""
    generation_options: GenerationOptions | None = None
    output_options: AudioOutputOptions | None = None
    pre_processing_filters: list[AudioConversionRequest] = Field(default=[], max_length=4)
    """Restore input_audio first."""
    post_generation_filters: list[AudioConversionRequest] = Field(default=[], max_length=4)
    """Restore the speech before it is sent."""
    normalize: bool = True
    """Not HSE's: read markdown, numbers, dates … as a person would; false speaks every mark."""


class SpeechTranscribeRequest(ClientBody):
    model: str = ""
    input_audio: str = ""
    get_language: bool | None = False
    get_timestamps: bool | None = False


class DetectVoiceActivityRequest(ClientBody):
    """Everything from `threshold` on is for detectors; recognisers take no settings."""

    model: str = ""
    input_audio: str = ""
    get_timestamps: bool | None = False
    threshold: float | None = None
    """Absent or null, here and below: the default of the task (docs/models.md)."""
    min_speech_duration_ms: int | None = None
    min_silence_duration_ms: int | None = None
    speech_pad_ms: int | None = None
    return_seconds: bool | None = False
    """Seconds instead of 16 kHz sample indices."""


class EmbedSpeakerRequest(ClientBody):
    model: str = ""
    input_audio: str = ""


class _Answer(BaseModel):
    id: str
    """A prefix for the kind of request, then 32 hexadecimal digits."""
    model: str
    created: int


class AudioAnswer(_Answer):
    data: str
    """Base64 of an audio file, WAV unless output_options say otherwise."""


class EmbedSpeakerResponse(_Answer):
    data: str
    """Base64 of a tagged embedding."""


class SpeechToTextResponse(_Answer):
    text: str
    language: str | None
    timestamps: list[dict[str, Any]] | None


class DetectVoiceActivityResponse(_Answer):
    speech_activity: bool
    timestamps: list[dict[str, Any]] | None
    timestamps_unit: Literal["samples", "seconds"] | None
    """Samples are at 16 kHz."""


class VoiceOptions(BaseModel):
    voice: str
    styles: list[str] = []


class LanguageOptions(BaseModel):
    language: str
    voices: list[VoiceOptions]


class ModelCard(BaseModel):
    id: str
    object: Literal["model", "toolchain"]
    created: int
    owned_by: str
    languages: list[LanguageOptions]
    root: str
    parent: str | None
    modes: list[str]
    """Values of `mode` that the model can do; ours, empty outside speech."""


class ModelCardList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelCard]


class HseError(BaseModel):
    object: Literal["error"] = "error"
    message: str
    type: str
    param: None
    code: int
