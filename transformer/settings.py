"""What an operator may set about a toolchain server."""

from __future__ import annotations

from pydantic import Field

from transport.kserve.settings import ServingSettings
from transport.recordings.settings import SplittingSettings


class Settings(SplittingSettings, ServingSettings):
    """Environment variables SPEECH_<FIELD>."""

    max_requests: int = Field(default=64, ge=1)
    """Requests under way at once; the next is refused with 429 and Retry-After."""
