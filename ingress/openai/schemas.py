"""OpenAI's bodies. Keys that are not here are refused by name, as OpenAI does."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contract.audio.codec import AudioFormat
from contract.catalog import Availability


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class VoiceId(_Closed):
    id: str = Field(min_length=1)


class CreateSpeechRequest(_Closed):
    """Text to speech. `language`, `seed` and `normalize` are ours; everything else is OpenAI's."""

    model: str = Field(min_length=1)
    """A name from GET /v1/models."""
    input: str
    """The text to speak."""
    voice: str | VoiceId
    """A voice of the model, an alias, or one of OpenAI's names."""
    instructions: str | None = None
    """Refused unless empty: no model here follows instructions."""
    response_format: AudioFormat = AudioFormat.MP3
    speed: float = Field(default=1.0, ge=0.25, le=4)
    stream_format: Literal["audio", "sse"] = "audio"
    language: str | None = None
    """As the model's card lists it; needed only where one voice name exists in two languages."""
    seed: int | None = Field(default=None, ge=0, le=2**63 - 1)
    """Same seed, same sound, where the model has chance in it."""
    normalize: bool = True
    """Read markdown, links and emoji as a person would; false speaks every mark."""

    @property
    def voice_name(self) -> str:
        return self.voice if isinstance(self.voice, str) else self.voice.id


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"


class CreateTranslationRequest(_Closed):
    """The form fields beside `file` when speech is to become English text."""

    model: str = Field(min_length=1)
    prompt: str | None = None
    """Text that the transcript continues."""
    response_format: ResponseFormat = ResponseFormat.JSON
    temperature: float = Field(default=0.0, ge=0, le=1)


class CreateTranscriptionRequest(CreateTranslationRequest):
    """The form fields beside `file` when speech is to become text."""

    language: str | None = None
    """ISO 639-1 code or English name; absent: detected."""
    languages: list[str] = Field(default=[], max_length=1)
    """At most one: detection cannot be narrowed to several."""
    keywords: list[str] = []
    """Words to expect."""
    timestamp_granularities: list[Literal["word", "segment"]] = []
    stream: bool = False
    chunking_strategy: Literal["auto"] | None = None
    """Voice activity always decides the boundaries; its settings cannot be changed."""


class Usage(BaseModel):
    """How much audio was heard."""

    type: Literal["duration"] = "duration"
    seconds: float


class TokenUsage(BaseModel):
    """Audio counts 50 tokens a second, as Whisper's encoder does; text its tokens."""

    type: Literal["tokens"] = "tokens"
    input_tokens: int
    output_tokens: int
    total_tokens: int


class Transcription(BaseModel):
    text: str
    usage: Usage


class Translation(BaseModel):
    text: str


class TranscriptionWord(BaseModel):
    word: str
    start: float
    end: float


class TranscriptionSegment(BaseModel):
    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class TranscriptionVerbose(BaseModel):
    task: Literal["transcribe", "translate"]
    language: str
    """In English, lower case: `english`."""
    duration: float
    text: str
    segments: list[TranscriptionSegment] | None = None
    words: list[TranscriptionWord] | None = None
    usage: Usage


class Model(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    state: Availability | None = None
    """Ours: whether it is awake in the cluster. Left out where no cluster is watched."""


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]


class Voice(BaseModel):
    id: str
    name: str


class VoiceList(BaseModel):
    voices: list[Voice]


class ErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    error: ErrorDetail


def refusals() -> dict[str, str]:
    """Form fields that OpenAI's client can send and that nothing here can honour, and why."""
    diarization = "speakers are not told apart here"
    return {
        "include": "log probabilities are not kept; leave it out",
        "known_speaker_names": diarization,
        "known_speaker_references": diarization,
    }


def multipart(fields: type[BaseModel], *, refs: str) -> dict[str, Any]:
    """The request body of an upload, for the OpenAPI document; `refs` is its reference template."""
    schema = fields.model_json_schema(ref_template=refs)
    schema.pop("$defs", None)
    file = {"type": "string", "format": "binary", "description": "The recording."}
    properties = {"file": file} | {
        f"{name}[]" if value.get("type") == "array" else name: value
        for name, value in schema["properties"].items()
    }
    required = ["file", *schema["required"]]
    body = schema | {"properties": properties, "required": required}
    return {"multipart/form-data": {"schema": body}}
