"""What an operator can set, each by an environment variable with the prefix SPEECH_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1 << 20


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SPEECH_", frozen=True, extra="ignore")

    api_keys: SecretStr = SecretStr("")
    """Keys that may call /v1, separated by commas. No key here and no file: everybody may call."""

    api_keys_file: Path | None = None
    """File with one key per line (a mounted secret). Named but empty or unreadable: no start."""

    requests_per_minute: int = Field(default=0, ge=0)
    """Requests that one key, or without keys one address, may start per minute. 0: no limit."""

    max_concurrent_requests: int = Field(default=64, ge=1)
    """POST requests under way at once; the next is refused with 429."""

    max_body_bytes: int = Field(default=64 * MIB, ge=1024)
    """Longest request body. Base64 makes audio a third longer, so above max_audio_bytes."""

    max_audio_bytes: int = Field(default=25 * MIB, ge=1024)
    """Longest audio file, encoded, as OpenAI limits it."""

    max_audio_seconds: float = Field(default=3600, gt=0)
    """Longest recording to transcribe or search for speech, decoded."""

    max_voice_seconds: float = Field(default=600, gt=0)
    """Longest reference, recording to convert, or recording to restore, decoded."""

    max_text_chars: int = Field(default=20_000, ge=1)
    """Longest text to speak."""

    request_timeout_s: float = Field(default=300, gt=0)
    """Most time for one request; a client may ask for less with x-speech-timeout-ms."""

    codec_threads: int = Field(default=2, ge=1)
    """Recordings decoded or encoded at once."""

    cors_origins: str = "*"
    """Origins that browsers may call from, separated by commas. Empty: none."""

    default_speech_model: str | None = None
    """Answers to OpenAI's own names such as tts-1. Absent: the first that has voices of its own."""

    default_transcription_model: str | None = None
    """Answers to OpenAI's own names such as whisper-1. Absent: the first that transcribes."""

    docs_enabled: bool = True
    """Serve /docs, /redoc and /openapi.json."""

    grace_s: int = Field(default=60, ge=0)
    """After SIGTERM, time for requests in flight; give the pod a little more."""

    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """Lowest level that is logged."""
