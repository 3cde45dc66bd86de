"""Pages that may open a socket: those that may call at all. Browsers leave it to the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from contract.errors import SpeechError, shown

THIS_MACHINE = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


class OriginRefused(SpeechError):
    status = 403
    code = "origin_not_allowed"


def listed(origins: str | None) -> list[str]:
    """SPEECH_CORS_ORIGINS as a list."""
    return [origin.strip() for origin in (origins or "").split(",") if origin.strip()]


def check_origin(headers: Mapping[str, str], origins: str | None) -> None:
    """Raises OriginRefused. Programs send no origin; pages of this very server may."""
    origin = headers.get("origin")
    if origin is None or urlsplit(origin).netloc == headers.get("host"):
        return
    allowed = listed(origins)
    is_local = origins is None and re.fullmatch(THIS_MACHINE, origin)
    if "*" in allowed or origin in allowed or is_local:
        return
    raise OriginRefused(
        f"pages of {shown(origin)} may not open sessions; SPEECH_CORS_ORIGINS lists those that may"
    )
