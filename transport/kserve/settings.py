"""What an operator may set about any KServe server of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from transport.asgi.settings import MEGABYTE, Renamed, ServerSettings
from transport.decoding.settings import DecodingSettings

__all__ = ["MEGABYTE", "ServingSettings"]


class ServingSettings(ServerSettings, DecodingSettings):
    """Environment variables SPEECH_<FIELD>."""

    renamed: ClassVar[Mapping[str, Renamed]] = {"max_timeout_s": Renamed("timeout_s")}
