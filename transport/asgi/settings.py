"""What an operator may set about every server of ours, under one name in every room."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from contract.context import DEFAULT_TIMEOUT_S
from transport.decoding.settings import DecodingSettings

logger = logging.getLogger(__name__)

KILOBYTE = 1 << 10
MEGABYTE = 1 << 20
PREFIX = "SPEECH_"


class Renamed(NamedTuple):
    """The name that a setting has now, and how a value of the old one is read."""

    name: str
    convert: Callable[[str], str] = str


def megabytes(value: str) -> str:
    """Bytes as whole megabytes, at least one; what is no number is left to the validation."""
    return str(max(1, math.ceil(int(value) / MEGABYTE))) if value.isdecimal() else value


class ServerSettings(DecodingSettings):
    """Built once in main and handed down. SPEECH_MAX_BODY_MB=50 sets `max_body_mb`, and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    renamed: ClassVar[Mapping[str, Renamed]] = {}
    """Old names, still read from the environment, with a warning."""

    timeout_s: float = Field(default=DEFAULT_TIMEOUT_S, gt=0)
    """Most time for one request; a client may ask for less with x-speech-timeout-ms."""
    max_body_mb: int = Field(default=256, ge=1)
    """Largest request body in megabytes (2^20 bytes), on REST and gRPC alike. An hour of speech,
    which the ingress takes, is 154 as base64."""
    max_held_mb: int = Field(default=1024, ge=1)
    """Megabytes of request bodies and decoded recordings held at once; what does not fit is
    refused with 429. One caller of the ingress may hold half."""
    max_audio_s: float = Field(default=7200.0, gt=0)
    """Longest audio, counted while it is decoded."""
    grace_s: int = Field(default=60, ge=0)
    """After SIGTERM, time for requests in flight; give the pod a little more."""
    keep_alive_s: int = Field(default=75, ge=1)
    """Life of an idle connection. Longer than the idle timeout of the proxy in front (Envoy's
    upstream and nginx: 60), so that it is the proxy that closes."""
    header_timeout_s: float = Field(default=20.0, gt=0)
    """Time for the headers of a request to arrive, and for a connection to send its first."""
    progress_timeout_s: float = Field(default=20.0, gt=0)
    """Stretch of time in which an upload, or a reader of an answer, must move min_bytes_per_s."""
    min_bytes_per_s: int = Field(default=500, ge=1)
    """Slowest upload and slowest reader of an answer; slower ones are ended."""
    max_header_kb: int = Field(default=64, ge=1)
    """Longest headers of a request, its address included."""
    max_headers: int = Field(default=100, ge=1)
    """Most headers of a request."""
    max_connections: int = Field(default=800, ge=1)
    """Open connections. One more closes the oldest that has no request under way."""
    max_connections_per_address: int = Field(default=400, ge=1)
    """Open connections of one address; a proxy in front is one address."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lowest level that is logged."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        old_names = InitSettingsSource(settings_cls, _from_old_names(cls.renamed))
        return init_settings, env_settings, old_names


def _from_old_names(renamed: Mapping[str, Renamed]) -> dict[str, Any]:
    found = {}
    for old, new in renamed.items():
        variable = f"{PREFIX}{old.upper()}"
        if variable in os.environ:
            logger.warning("%s is now %s%s; please rename it", variable, PREFIX, new.name.upper())
            found[new.name] = new.convert(os.environ[variable])
    return found
