"""Kokoro's voices: one style for each length of text, from any of the public files.

voices/<name>.bin      float32 [510, 1, 256]: onnx-community/Kokoro-82M-v1.0-ONNX, npm's kokoro-js
voices/<name>.pt       the same numbers in a torch archive: hexgrad/Kokoro-82M
voices*.bin, *.npz     all voices in one numpy archive beside the model: thewh1teagle/kokoro-onnx
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.errors import InvalidRequest
from contract.tasks import FloatArray
from contract.voices import Blend, parse_blend
from predictors.runtime.weights.errors import WeightsMissing

MAX_ROWS = 510
STYLE_SIZE = 256
_VOICE_BYTES = MAX_ROWS * STYLE_SIZE * 4

Voices = Mapping[str, FloatArray]
"""Name → styles [510, 256], a row for each number of symbols."""


def load_voices(folder: Path) -> Voices:
    """The voices of a model's directory, by name. Raises WeightsMissing where there is none."""
    found = dict(sorted([*_archives(folder), *_single_files(folder / "voices")]))
    if not found:
        raise WeightsMissing(
            "the model's directory has no voices; put them there as voices/<name>.bin or .pt, "
            "or as one archive voices-v1.0.bin"
        )
    return found


def blended(voices: Voices, name: str) -> FloatArray:
    """Styles [510, 256] of a voice or blend. Raises InvalidRequest(param=voice)."""
    blend = parse_blend(name)
    check_known(voices, blend)
    styles = sum(voices[part] * np.float32(share) for part, share in blend)
    return np.asarray(styles, np.float32)


def check_known(voices: Voices, blend: Blend) -> None:
    """Raises InvalidRequest(param=voice) that lists the voices there are."""
    unknown = next((name for name, _ in blend if name not in voices), None)
    if unknown is not None:
        raise InvalidRequest(
            f"voice {unknown!r} is not known; use one of, or a blend of: {', '.join(voices)}",
            param="voice",
        )


def _archives(folder: Path) -> Iterator[tuple[str, FloatArray]]:
    for path in [*folder.glob("voices*.npz"), *folder.glob("voices*.bin")]:
        if zipfile.is_zipfile(path):
            with np.load(path, allow_pickle=False) as archive:
                for name in archive.files:
                    yield name, _styles(archive[name], path)


def _single_files(folder: Path) -> Iterator[tuple[str, FloatArray]]:
    for path in folder.glob("*.bin"):
        yield path.stem, _styles(_mapped(path), path)
    for path in folder.glob("*.pt"):
        yield path.stem, _styles(np.frombuffer(_storage(path), "<f4"), path)


def _mapped(path: Path) -> NDArray[np.float32]:
    """A file's numbers where they are: of 54 voices few are spoken with, and 27 MB are not read."""
    is_whole = path.stat().st_size == _VOICE_BYTES
    return np.memmap(path, "<f4", mode="r") if is_whole else np.zeros(0, np.float32)


def _storage(path: Path) -> bytes:
    """The numbers of a torch archive of one tensor. Its pickle could run code and is not read."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info for info in archive.infolist() if info.filename.endswith("/data/0")]
            if len(names) == 1 and names[0].file_size == _VOICE_BYTES:
                return archive.read(names[0])
    except zipfile.BadZipFile:
        pass
    raise WeightsMissing(f"voices/{path.name} is not the torch file of a Kokoro voice")


def _styles(numbers: np.ndarray, path: Path) -> FloatArray:
    if numbers.size != MAX_ROWS * STYLE_SIZE:
        raise WeightsMissing(f"{path.name} is not the file of a Kokoro voice: its size is wrong")
    return np.asarray(numbers, np.float32).reshape(MAX_ROWS, STYLE_SIZE)
