"""What an operator can set about the ingress, each by an environment variable SPEECH_<FIELD>."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from contract.errors import shown
from ingress.voices.encryption_keys import read_encryption_keys
from ingress.voices.location import location_of
from transport.asgi.settings import Renamed, megabytes
from transport.recordings.settings import SplittingSettings

Exposure = Literal["auto", "open", "key", "off"]
Cloning = Literal["open", "consent", "off"]


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s*]+")


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(
            f"has {shown(text)!r}; write addresses and networks, such as 10.0.0.7,10.1.0.0/16"
        ) from None


def _exposure(is_enabled: str) -> str:
    return "off" if is_enabled.lower() in ("0", "false", "off", "no", "n", "f") else "auto"


class Settings(SplittingSettings):
    """Built once in main and handed down."""

    renamed: ClassVar[Mapping[str, Renamed]] = {
        "max_body_bytes": Renamed("max_body_mb", megabytes),
        "max_audio_bytes": Renamed("max_audio_mb", megabytes),
        "max_audio_seconds": Renamed("max_audio_s"),
        "max_voice_seconds": Renamed("max_voice_s"),
        "max_concurrent_requests": Renamed("max_requests"),
        "request_timeout_s": Renamed("timeout_s"),
        "docs_enabled": Renamed("docs", _exposure),
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

    wrong_keys_per_minute: int = Field(default=30, ge=0)
    """Wrong API keys from one address per minute; then keys that are new there are refused with
    429, right ones too. 0: no limit."""

    max_requests: int = Field(default=64, ge=1)
    """POST requests under way at once; the next is refused with 429."""

    max_requests_per_caller: int = Field(default=48, ge=1)
    """Of those, most of one key, or without keys of one address."""

    max_requests_per_model: int = Field(default=32, ge=1)
    """Of those, most that one model or toolchain answers: one that hangs leaves room for others.
    Three quarters of them may be one caller's."""

    max_body_mb: int = Field(default=64, ge=1)
    """Largest request body in megabytes (2^20 bytes). Base64 makes audio a third longer, so above
    max_audio_mb."""

    max_audio_mb: int = Field(default=25, ge=1)
    """Largest audio file in megabytes, encoded, as OpenAI limits it."""

    max_audio_s: float = Field(default=4500, gt=0)
    """Longest recording to transcribe or search for speech, decoded: an hour and a little more."""

    long_recording_s: float = Field(default=300, ge=0)
    """A recording to transcribe that is longer goes out in pieces, side by side, where a speech
    detector is configured. 0: every recording goes out whole."""

    max_voice_s: float = Field(default=600, gt=0)
    """Longest reference, recording to convert, or recording to restore, decoded."""

    max_text_chars: int = Field(default=20_000, ge=1)
    """Longest text to speak."""

    codec_threads: int = Field(default=2, ge=1)
    """Answers encoded at once."""

    cors_origins: str | None = None
    """Origins that browsers may call from, separated by commas. Empty: none. Absent: all where a
    key is needed, only pages of this machine (localhost) where none is; `harmony serve` on a
    loopback address then answers only hosts that name this machine."""

    default_speech_model: str | None = None
    """Answers to OpenAI's own names such as tts-1. Absent: the first that has voices of its own."""

    default_transcription_model: str | None = None
    """Answers to OpenAI's own names such as whisper-1. Absent: the first that transcribes."""

    default_cloning_model: str | None = None
    """Answers to OpenAI's own names where `voice` is a stored voice. Absent: the first toolchain
    that clones."""

    cloning: Cloning = "open"
    """Whose voice may be cloned: open (a stored voice, which needs a consent, and in HSE's dialect
    the recording that a request carries), consent (stored voices only), off (nobody's; stored
    voices can still be listed and deleted)."""

    voices_db: SecretStr = SecretStr("")
    """Where voices and consents are stored: sqlite:///path/of/a/file, for several replicas
    postgresql://user:password@host/database, or none. Empty: a SQLite file in the user's data
    directory. Opened when it is first used."""

    voices_keys: SecretStr = SecretStr("")
    """Keys that encrypt recordings and embeddings at rest, separated by commas, each 32 random
    bytes in base64: the first encrypts, all decrypt. Empty or none: they are stored as they are;
    empty refuses a store that holds encrypted ones."""

    voices_db_timeout_s: float = Field(default=5.0, gt=0, le=60)
    """Longest wait for the database; then 503."""

    max_voices: int = Field(default=20, ge=1, le=10_000)
    """Most stored voices, and most consents, of one API key, or of all callers without keys."""

    min_sample_s: float = Field(default=2.0, gt=0)
    """Shortest recording of a voice or of a consent."""

    max_sample_s: float = Field(default=60.0, gt=0, le=600)
    """Longest recording of a voice or of a consent."""

    realtime_sessions: int = Field(default=256, ge=0)
    """Open realtime sessions; the next is refused with 429. 0: no realtime."""

    realtime_sessions_per_caller: int = Field(default=192, ge=1)
    """Of those, most of one key, or without keys of one address."""

    realtime_session_s: float = Field(default=3600, gt=0)
    """Longest realtime session, as OpenAI ends them; clients connect again."""

    realtime_idle_s: float = Field(default=300, gt=0)
    """A session without an event for so long is ended."""

    realtime_buffer_s: float = Field(default=600, gt=0)
    """Sound that one session keeps: what has no text yet. max_held_mb counts it too."""

    realtime_delta_s: float = Field(default=0.4, ge=0)
    """New sound between two passes over a turn that is being spoken, at least. More: later deltas,
    less work. 0: no deltas, final text alone."""

    page: bool = True
    """The page at /, to try speech and transcription in a browser. It asks for the API key."""

    docs: Exposure = "auto"
    """/openapi.json, and /docs that shows it: open, key (only with an API key, which /docs asks
    for), off, or auto: key where there are keys, else open."""

    metrics: Exposure = "auto"
    """/metrics, likewise."""

    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Serve /metrics without a key on this port, and on no other."""

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for part in filter(None, map(str.strip, value.split(","))):
            if part != "*":
                _check_network(part)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str | None) -> str | None:
        for part in filter(None, map(str.strip, (value or "").split(","))):
            if part not in ("*", "null") and not _ORIGIN.fullmatch(part):
                raise ValueError(
                    f"has {shown(part)!r}; write origins as browsers do, scheme and host without "
                    "a path: https://app.example.com"
                )
        return value

    @field_validator("voices_db")
    @classmethod
    def _is_a_location(cls, value: SecretStr) -> SecretStr:
        location_of(value.get_secret_value())
        return value

    @field_validator("voices_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        read_encryption_keys(value.get_secret_value())
        return value

    def resolved(self, *, has_keys: bool) -> Settings:
        """With every `auto` replaced by what it means here."""
        guarded: Exposure = "key" if has_keys else "open"
        auto = {name: guarded for name in ("docs", "metrics") if getattr(self, name) == "auto"}
        is_elsewhere: dict[str, Exposure] = {"metrics": "off"} if self.metrics_port else {}
        origins = {"cors_origins": "*"} if has_keys and self.cors_origins is None else {}
        return self.model_copy(update={**auto, **is_elsewhere, **origins})
