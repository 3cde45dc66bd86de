"""What an operator can set about the ingress, each by an environment variable SPEECH_<FIELD>."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr

from transport.asgi.settings import Renamed, ServerSettings, megabytes


class Settings(ServerSettings):
    """Built once in main and handed down."""

    renamed: ClassVar[Mapping[str, Renamed]] = {
        "max_body_bytes": Renamed("max_body_mb", megabytes),
        "max_audio_bytes": Renamed("max_audio_mb", megabytes),
        "max_audio_seconds": Renamed("max_audio_s"),
        "max_voice_seconds": Renamed("max_voice_s"),
        "max_concurrent_requests": Renamed("max_requests"),
        "request_timeout_s": Renamed("timeout_s"),
    }

    api_keys: SecretStr = SecretStr("")
    """Keys that may call /v1, separated by commas. No key here and no file: everybody may call."""

    api_keys_file: Path | None = None
    """File with one key per line (a mounted secret). Named but empty or unreadable: no start."""

    requests_per_minute: int = Field(default=0, ge=0)
    """Requests that one key, or without keys one address, may start per minute. 0: no limit."""

    trusted_proxies: str = ""
    """Addresses and networks, separated by commas, whose X-Forwarded-For names the caller. Empty:
    nobody's; then callers behind a proxy count as one."""

    max_requests: int = Field(default=64, ge=1)
    """POST requests under way at once; the next is refused with 429."""

    max_body_mb: int = Field(default=64, ge=1)
    """Largest request body in megabytes (2^20 bytes). Base64 makes audio a third longer, so above
    max_audio_mb."""

    max_audio_mb: int = Field(default=25, ge=1)
    """Largest audio file in megabytes, encoded, as OpenAI limits it."""

    max_audio_s: float = Field(default=3600, gt=0)
    """Longest recording to transcribe or search for speech, decoded."""

    max_voice_s: float = Field(default=600, gt=0)
    """Longest reference, recording to convert, or recording to restore, decoded."""

    max_text_chars: int = Field(default=20_000, ge=1)
    """Longest text to speak."""

    codec_threads: int = Field(default=2, ge=1)
    """Answers encoded at once."""

    cors_origins: str = "*"
    """Origins that browsers may call from, separated by commas. Empty: none."""

    default_speech_model: str | None = None
    """Answers to OpenAI's own names such as tts-1. Absent: the first that has voices of its own."""

    default_transcription_model: str | None = None
    """Answers to OpenAI's own names such as whisper-1. Absent: the first that transcribes."""

    docs_enabled: bool = True
    """Serve /docs, /redoc and /openapi.json."""
