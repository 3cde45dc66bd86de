"""What an operator may set about the decoders of a server."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DecodingSettings(BaseSettings):
    """Part of every server's settings. SPEECH_DECODERS=4 sets `decoders`, and so on."""

    model_config = SettingsConfigDict(env_prefix="SPEECH_", frozen=True, extra="ignore")

    decoders: int = Field(default=2, ge=1)
    """Processes that decode compressed audio, one file each at a time; 25 MB each."""
    decoder_memory_mb: int = Field(default=128, ge=64)
    """Memory that decoding one file may take beyond the file itself, in megabytes (2^20 bytes)."""
    decoder_cpu_s: int = Field(default=60, ge=1)
    """Processor time that decoding one file may take."""
    max_waiting_files: int = Field(default=64, ge=1)
    """Files that may wait for a decoder; the next is refused with 429."""
    max_waiting_mb: int = Field(default=512, ge=1)
    """Megabytes (2^20 bytes) of files that may wait for a decoder; more is refused with 429."""
