"""DeepFilterNet3 as its authors export it: an encoder, and a decoder for each of two filters."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from contract.tasks import FloatArray
from predictors.models.deepfilternet.spectrum import (
    BANDS,
    DEEP_BINS,
    HOP,
    Spectrum,
    analysed,
    per_bin,
    synthesised,
)
from predictors.nn.onnx import OnnxModel
from predictors.runtime.weights.source import WeightsMissing

F = TypeVar("F", np.float32, np.complex64)
PARTS = ("enc.onnx", "erb_dec.onnx", "df_dec.onnx")
_LARGEST_PART = 64 << 20
_LOOKAHEAD = 2
"""Frames that the network hears ahead, in its features and in its filter."""
_TAPS = 5
_FOR_GAINS, _FOR_FILTERS = ("emb", "e3", "e2", "e1", "e0"), ("emb", "c0")
_HEARD = (*_FOR_GAINS, "c0")
"""Outputs of the encoder."""


def read_parts(path: Path) -> dict[str, bytes]:
    """The three graphs, from a directory or from the archive that DeepFilterNet is published as."""
    if path.is_dir():
        files = {name: path / name for name in PARTS}
        if missing := [name for name, file in files.items() if not file.is_file()]:
            raise WeightsMissing(f"`model` of a DeepFilterNet has no {missing[0]}")
        return {name: file.read_bytes() for name, file in files.items()}
    return _from_archive(path)


def _from_archive(path: Path) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if name in PARTS and member.isfile() and member.size <= _LARGEST_PART:
                    file = archive.extractfile(member)
                    parts[name] = file.read() if file else b""
    except (tarfile.TarError, OSError, EOFError) as error:
        raise WeightsMissing("`model` of a DeepFilterNet is no .tar.gz archive") from error
    if missing := [name for name in PARTS if name not in parts]:
        raise WeightsMissing(f"`model` of a DeepFilterNet has no {missing[0]}")
    return parts


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Consecutive frames of a recording: their samples, and their features."""

    samples: FloatArray
    """[(frames + 1) * HOP]"""
    levels: FloatArray
    low_bins: Spectrum
    skipped: int
    """Frames at its begin that are only heard, so that the network knows what came before."""
    hops: int
    """How many are wanted after them."""


class DeepFilterNetwork:
    """Excerpts in, clean spectra out."""

    def __init__(self, parts: dict[str, bytes], *, threads: int) -> None:
        """Raises ModelFailed when a part is no ONNX model."""
        self._encoder, self._gains, self._filters = (
            OnnxModel(parts[name], threads=threads, providers=("CPUExecutionProvider",))
            for name in PARTS
        )
        self.size_bytes = sum(map(len, parts.values()))

    def clean(self, excerpt: Excerpt) -> FloatArray:
        """[hops * HOP] of clean sound: low bins filtered over five frames, others attenuated."""
        spectrum = analysed(excerpt.samples)
        gains, taps = self._filter(_ahead(excerpt.levels), _ahead(excerpt.low_bins))
        cleaned = (spectrum * per_bin(gains)).astype(np.complex64)
        cleaned[:, :DEEP_BINS] = _filtered(spectrum[:, :DEEP_BINS], taps)
        sound = synthesised(cleaned)
        return sound[excerpt.skipped * HOP : (excerpt.skipped + excerpt.hops) * HOP]

    def trim_memory(self) -> None:
        """Give back what runs have kept: 140 MB after 11 s of sound."""
        features = _features(np.zeros((1, BANDS)), np.zeros((1, DEEP_BINS), np.complex64))
        self._encoder.trim_memory(features)
        heard = dict(zip(_HEARD, self._encoder.run(features, _HEARD), strict=True))
        self._gains.trim_memory({name: heard[name] for name in _FOR_GAINS})
        self._filters.trim_memory({name: heard[name] for name in _FOR_FILTERS})

    def _filter(self, levels: FloatArray, low_bins: Spectrum) -> tuple[FloatArray, FloatArray]:
        """Gains [frames, BANDS] and taps [frames, DEEP_BINS, 10]."""
        made = self._encoder.run(_features(levels, low_bins), _HEARD, keeps_memory=True)
        heard = dict(zip(_HEARD, made, strict=True))
        wanted = {name: heard[name] for name in _FOR_GAINS}
        (gains,) = self._gains.run(wanted, ["m"], keeps_memory=True)
        deep = {name: heard[name] for name in _FOR_FILTERS}
        (taps,) = self._filters.run(deep, ["coefs"], keeps_memory=True)
        return gains[0, 0], taps[0]


def _features(levels: NDArray[Any], low_bins: Spectrum) -> dict[str, NDArray[np.float32]]:
    """What the encoder takes of frames."""
    parts = np.stack([low_bins.real, low_bins.imag])
    return {"feat_erb": levels.astype(np.float32)[None, None], "feat_spec": parts[None]}


def _ahead(features: NDArray[F]) -> NDArray[F]:
    """Moved so that a frame stands where the network decides about the one before the last."""
    rest = np.zeros_like(features[:_LOOKAHEAD])
    return np.ascontiguousarray(np.concatenate([features[_LOOKAHEAD:], rest])[: len(features)])


def _filtered(low: Spectrum, taps: FloatArray) -> Spectrum:
    """Each bin as a weighted sum of itself two frames before to two frames ahead.

    `taps` [frames, DEEP_BINS, 2 * _TAPS]: real and imaginary parts, the earliest frame first.
    """
    weights = taps.reshape(*low.shape, _TAPS, 2)
    weights = weights[..., 0] + 1j * weights[..., 1]
    before = _TAPS - 1 - _LOOKAHEAD
    padded = np.pad(low, ((before, _LOOKAHEAD), (0, 0)))
    filtered = [padded[tap : tap + len(low)] * weights[..., tap] for tap in range(_TAPS)]
    return np.asarray(np.sum(filtered, axis=0, dtype=np.complex64))
