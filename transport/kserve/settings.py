"""What an operator may set about any KServe server of ours."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MEGABYTE = 1 << 20


class ServingSettings(BaseSettings):
    """Built once in main and handed down. SPEECH_MAX_BODY_MB=50 sets `max_body_mb`, and so on."""

    model_config = SettingsConfigDict(env_prefix="SPEECH_", frozen=True, extra="ignore")

    max_timeout_s: float = Field(default=300.0, gt=0)
    """Most time that a request may take, whatever deadline it asks for."""
    max_body_mb: int = Field(default=256, ge=1)
    """Largest request body in megabytes (2^20 bytes), on REST and gRPC alike. An hour of speech,
    which the ingress takes, is 154 as base64."""
    max_audio_s: float = Field(default=7200.0, gt=0)
    """Longest audio, counted while it is decoded."""
    grace_s: int = Field(default=60, ge=0)
    """After SIGTERM, time for requests in flight; give the pod a little more."""
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """Lowest level that is logged."""
