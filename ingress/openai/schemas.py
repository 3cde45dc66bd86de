"""OpenAI's bodies, and what neighbouring servers add to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from contract.catalog import Availability
from ingress.client_body import WHOLE_ITEMS, AnyCase, ClientBody, FileFormat, Seed
from ingress.encoding import AudioFormat


class VoiceId(ClientBody):
    id: str = Field(min_length=1)


def _as_voice(value: Any) -> Any:
    """Told here: of a union, the error would be that of its first type."""
    is_object = isinstance(value, Mapping) and isinstance(value.get("id"), str)
    if value is None or is_object or isinstance(value, str | VoiceId):
        return value
    raise PydanticCustomError("voice", "must be a name, or an object with the id of a voice")


class NormalizationOptions(ClientBody):
    normalize: bool = True


class CreateSpeechRequest(ClientBody):
    """Text to speech. What is not OpenAI's stands at the end: ours, and what neighbours send."""

    model: str | None = None
    """A name from GET /v1/models; absent: the one that answers to tts-1."""
    input: str
    """The text to speak, or SSML that begins with `<speak>`."""
    voice: Annotated[str | VoiceId | None, BeforeValidator(_as_voice)] = None
    """A voice of the model, an alias, or one of OpenAI's names, in any case; absent: the first."""
    instructions: str | None = None
    """Ignored: no model here follows instructions."""
    response_format: FileFormat = AudioFormat.MP3
    speed: float = Field(default=1.0, ge=0.25, le=4)
    stream_format: Annotated[Literal["audio", "sse"], AnyCase] = "audio"
    language: str | None = None
    """In any usual spelling; needed only where one voice name exists in two languages."""
    seed: Seed = None
    normalize: bool = True
    """Read markdown, links, numbers, dates … as a person would; false speaks every mark."""
    sample_rate: int | None = Field(default=None, ge=8_000, le=48_000)
    """Hz; absent: the model's own, or the nearest that the format has."""
    stream: bool | None = None
    """False: one complete file. Absent or true: sent as it is made."""
    output_format: str | None = None
    """`response_format` as ElevenLabs spells it: mp3, mp3_44100_128, pcm_16000."""
    lang_code: str | None = None
    """A hint of Kokoro's clients: used where the model has the language."""
    normalization_options: NormalizationOptions = NormalizationOptions()
    """Kokoro's spelling of `normalize`."""

    @property
    def is_normalized(self) -> bool:
        return self.normalize and self.normalization_options.normalize

    @property
    def voice_name(self) -> str | None:
        return self.voice.id if isinstance(self.voice, VoiceId) else self.voice


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"
    DIARIZED_JSON = "diarized_json"


class CreateTranslationRequest(ClientBody):
    """The form fields beside `file` when speech is to become English text."""

    model: str | None = None
    """A name from GET /v1/models; absent: the one that answers to whisper-1."""
    language: str | None = None
    """What is spoken, in any usual spelling; absent or auto: detected."""
    prompt: str | None = None
    """Text that the transcript continues; of a long one the end counts."""
    response_format: Annotated[ResponseFormat, AnyCase] = ResponseFormat.JSON
    temperature: float = Field(default=0.0, ge=0, le=1)
    hotwords: str | None = None
    """Words to expect, as faster-whisper's servers take them."""
    vad_filter: bool | None = None
    """False: also what does not sound like speech is transcribed."""
    beam_size: int | None = None
    """1 to 10; anything else is ignored."""


class ChunkingStrategy(ClientBody):
    """OpenAI's settings of voice activity detection; what is absent is the model's own."""

    type: str = "server_vad"
    threshold: float | None = Field(default=None, ge=0, le=1)
    """Probability above which sound is speech."""
    prefix_padding_ms: int | None = Field(default=None, ge=0, le=10_000)
    """Kept before speech."""
    silence_duration_ms: int | None = Field(default=None, ge=0, le=60_000)
    """A pause as long as this ends a chunk."""

    @property
    def is_known(self) -> bool:
        return self.type in ("auto", "server_vad")


def _chunking_strategy(value: Any) -> Any:
    """A word is the strategy's type; an object may come as JSON."""
    if not isinstance(value, str):
        return value
    with suppress(ValueError, RecursionError):
        value = json.loads(value)
    return {"type": value} if isinstance(value, str) else value


class CreateTranscriptionRequest(CreateTranslationRequest):
    """The form fields beside `file` when speech is to become text."""

    languages: list[str] = []
    """Several: the likeliest of them is detected."""
    keywords: list[str] = []
    """Words to expect; of many the first count."""
    timestamp_granularities: list[Annotated[Literal["word", "segment"], AnyCase]] = []
    """Has an effect on verbose_json only."""
    stream: bool = False
    """Server-sent events, for json, text and diarized_json."""
    include: list[str] = []
    """logprobs, for json; a word is a token here."""
    chunking_strategy: Annotated[ChunkingStrategy, BeforeValidator(_chunking_strategy)] = (
        ChunkingStrategy()
    )
    """Voice activity decides the boundaries, by the model's own numbers (auto) or by these."""
    known_speaker_names: Annotated[list[str], WHOLE_ITEMS] = []
    """At most 4, for diarized_json: what to call those whose references come along."""
    known_speaker_references: Annotated[list[str], WHOLE_ITEMS] = []
    """A recording of 2 to 10 seconds for each name, as a data URL."""
    num_speakers: int | None = Field(default=None, ge=1, le=32)
    """For diarized_json: how many speak, if that is known."""
    task: Annotated[Literal["transcribe", "translate"], AnyCase] = "transcribe"
    """As faster-whisper's servers take it; OpenAI has a path for translations."""


class DetectSpeechRequest(ClientBody):
    """The form fields beside `file` of speaches' voice activity, with its defaults."""

    model: str | None = None
    threshold: float = Field(default=0.75, ge=0, le=1)
    min_speech_duration_ms: int = Field(default=0, ge=0)
    min_silence_duration_ms: int = Field(default=1000, ge=0)
    speech_pad_ms: int = Field(default=0, ge=0)


class SpeechTimestamp(BaseModel):
    """Milliseconds from the start of the recording."""

    start: int
    end: int


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


class LogProb(BaseModel):
    """One word, with the space before it; the words join to the text."""

    token: str
    bytes: list[int]
    """UTF-8 of the token."""
    logprob: float


class Transcription(BaseModel):
    text: str
    logprobs: list[LogProb] | None = None
    """With include[]=logprobs."""
    usage: Usage | TokenUsage
    """Tokens for OpenAI's gpt- names, seconds for all others."""


class DiarizedSegment(BaseModel):
    type: Literal["transcript.text.segment"] = "transcript.text.segment"
    id: str
    start: float
    end: float
    speaker: str
    """A known speaker's name, else A, B, … in order of their first words."""
    text: str


class TranscriptionDiarized(BaseModel):
    task: Literal["transcribe"] = "transcribe"
    duration: float
    text: str
    segments: list[DiarizedSegment]
    usage: Usage | TokenUsage


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
    """Ours: whether it is awake. Left out where nobody knows."""


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]


class SpeechModel(BaseModel):
    id: str
    name: str


class SpeechModelList(BaseModel):
    models: list[SpeechModel]


class ErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    error: ErrorDetail
