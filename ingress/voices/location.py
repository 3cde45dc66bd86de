"""Where stored voices are kept, as SPEECH_VOICES_DB says it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NOWHERE = "none"
_HOME_FILE = Path(".local", "share", "harmony-speech", "voices.sqlite3")
_POSTGRES = ("postgresql://", "postgres://")
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Location:
    """A SQLite file, or a PostgreSQL URL."""

    path: Path | None = None
    url: str = ""


def location_of(text: str) -> Location | None:
    """None when voices are not to be stored. Raises ValueError; touches nothing."""
    if text == NOWHERE:
        return None
    if not text:
        return Location(path=Path.home() / _HOME_FILE)
    if text.startswith(_SQLITE) and len(text) > len(_SQLITE):
        return Location(path=Path(text.removeprefix(_SQLITE)))
    if text.startswith(_POSTGRES):
        return Location(url=text)
    raise ValueError(
        "must be sqlite:///path/of/a/file, postgresql://user:password@host/database, or none"
    )
