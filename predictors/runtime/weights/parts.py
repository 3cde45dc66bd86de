"""Models that are published in parts: directories copied together into the cache, once.

Files called `NAME.part1`, `NAME.part2` … in any of the directories become NAME.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from predictors.runtime.weights.errors import WeightsMissing

_PART = re.compile(r"(?P<name>.+)\.part(?P<number>[0-9]+)")
Files = dict[str, list[Path]]
"""File name → the parts it is made of, in order."""


def cache_directory() -> Path:
    """$SPEECH_CACHE, else $XDG_CACHE_HOME/harmony-speech, else ~/.cache/harmony-speech."""
    own = os.environ.get("SPEECH_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "harmony-speech"


def join(folders: Sequence[Path], cache: Path) -> Path:
    """One directory below `cache` with the files of all `folders`, parts put together.

    Whoever finishes first moves its work into place; a process that comes second finds the
    place taken and uses what is there, so a reader never sees half a file. Raises WeightsMissing.
    """
    sources = sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
    files = _whole_files(sources)
    final = cache / "joined" / _fingerprint(sources)
    if _is_complete(final, files):
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent, prefix=".joining-") as work:
            built = Path(work) / "model"
            _build(built, files)
            _move_into_place(built, final, files)
    except OSError as exc:
        raise WeightsMissing(
            f"the parts of the model cannot be joined in the cache ({exc.strerror}); "
            "make room, or point SPEECH_CACHE at a directory that can be written"
        ) from exc
    return final


def _whole_files(sources: Sequence[Path]) -> Files:
    """Raises WeightsMissing where a part is missing or there twice."""
    found: dict[str, dict[int, Path]] = {}
    for path in sources:
        match = _PART.fullmatch(path.name)
        name, number = (match["name"], int(match["number"])) if match else (path.name, 1)
        if number in found.setdefault(name, {}):
            raise WeightsMissing(f"two of the joined directories have a file {path.name}")
        found[name][number] = path
    for name, parts in found.items():
        if set(parts) != set(range(1, len(parts) + 1)):
            raise WeightsMissing(f"a part of {name} is missing; name all its parts in `model`")
    return {name: [parts[number] for number in sorted(parts)] for name, parts in found.items()}


def _fingerprint(sources: Sequence[Path]) -> str:
    """Changes when a package is upgraded, so that a stale join is not used."""
    digest = hashlib.sha256()
    for path in sources:
        stat = path.stat()
        digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:24]


def _is_complete(folder: Path, files: Files) -> bool:
    return all(_size(folder / name) == sum(map(_size, parts)) for name, parts in files.items())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _build(folder: Path, files: Files) -> None:
    folder.mkdir()
    for name, parts in files.items():
        with (folder / name).open("wb") as whole:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, whole, length=1 << 20)


def _move_into_place(built: Path, final: Path, files: Files) -> None:
    if final.exists() and not _is_complete(final, files):
        final.rename(built.with_name("damaged"))  # goes with the temporary directory
    try:
        built.rename(final)
    except OSError:  # a directory cannot replace a filled one: another process was faster
        if not _is_complete(final, files):
            raise
