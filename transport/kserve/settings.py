"""What an operator may set about any KServe server of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from transport.asgi.settings import Renamed, ServerSettings


class ServingSettings(ServerSettings):
    """Environment variables SPEECH_<FIELD>."""

    renamed: ClassVar[Mapping[str, Renamed]] = {"max_timeout_s": Renamed("timeout_s")}
