"""A Piper voice in ONNX Runtime: phoneme ids to waveforms, a padded batch in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import ModelFailed
from predictors.models.piper.graph import seedable
from predictors.nn.onnx import OnnxModel, Provider
from predictors.nn.tempo import Recording

FloatArray = NDArray[np.float32]

MAX_RUN_IDS = 1024
"""Padded ids in one run: about 45 s of speech, 300 MB of activations."""
_LARGE_RUN_IDS = 512
"""At the voice's own tempo; after which memory is given back. Four sentences are shorter."""
_SHORTEST = (1, 0, 2)
"""Begin, pad and end, as every Piper voice numbers them."""
MAX_PADDING = 1.25
"""Padded ids over real ones in one run; padding costs as much as speech."""
_NOISE_FRAMES = 2048  # 24 s; then the noise repeats, which nobody hears
_CHANNELS = 192


@dataclass(frozen=True, slots=True)
class Scales:
    """What a run has in common: the graph takes them once per batch."""

    sound: float
    length: float
    rhythm: float
    speed: float
    """Of the voice's own tempo; `length` has it in it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """At most one sentence of one request."""

    ids: tuple[int, ...]
    seed: int
    speaker: int | None
    scales: Scales
    """The same for all pieces of a run."""


class PiperNetwork:
    """Thread-safe; keeps nothing between calls."""

    def __init__(
        self, path: Path, *, hop: int, threads: int, providers: Sequence[Provider]
    ) -> None:
        """`hop`: samples per frame. Raises ModelFailed when the file is no Piper voice."""
        graph, self._noise_inputs = seedable(path)
        self.model = OnnxModel(graph, threads=threads, providers=providers)
        if not {"input", "input_lengths", "scales"} <= self.model.inputs:
            raise ModelFailed("the voice's ONNX model has other inputs than a Piper voice")
        self._has_speakers = "sid" in self.model.inputs
        self._hop = hop

    def run(self, pieces: Sequence[Piece]) -> list[Recording]:
        """One recording per piece, in one padded run; they have the same scales."""
        audio, durations = self._session_run(pieces)
        spans = durations.reshape(len(pieces), -1)  # (batch, ids), in frames
        speed = pieces[0].scales.speed
        frames = np.ceil(spans).sum(axis=1)
        wanted = np.ceil(spans * np.float32(speed)).sum(axis=1) / speed
        return [
            Recording(wave.reshape(-1)[: int(made) * self._hop], float(made / wish))
            for wave, made, wish in zip(audio, frames, np.maximum(wanted, 1), strict=True)
        ]

    def trim_memory(self) -> None:
        """Give back what small runs have kept, by one that keeps nothing."""
        if self.model.holds_memory:
            shortest = Piece(_SHORTEST, 0, None, Scales(0.0, 1.0, 0.0, 1.0))
            self._session_run([shortest], keeps_memory=False)

    def _session_run(
        self, pieces: Sequence[Piece], *, keeps_memory: bool | None = None
    ) -> tuple[Any, Any]:
        lengths = [len(piece.ids) for piece in pieces]
        scales = pieces[0].scales
        ids = np.zeros((len(pieces), max(lengths)), np.int64)
        for row, piece in zip(ids, pieces, strict=True):
            row[: len(piece.ids)] = piece.ids
        feed: dict[str, Any] = {
            "input": ids,
            "input_lengths": np.array(lengths, np.int64),
            "scales": np.array([scales.sound, scales.length, scales.rhythm], np.float32),
        }
        for index, name in enumerate(self._noise_inputs):
            feed[name] = np.stack([_noise(piece.seed, index) for piece in pieces])
        if self._has_speakers:
            feed["sid"] = np.array([piece.speaker or 0 for piece in pieces], np.int64)
        if keeps_memory is None:
            keeps_memory = ids.size / scales.speed <= _LARGE_RUN_IDS
        outputs = self.model.run(feed, keeps_memory=keeps_memory)
        return outputs[0], outputs[-1]


@lru_cache(maxsize=8)
def _noise(seed: int, index: int) -> FloatArray:
    return np.random.default_rng([seed, index]).standard_normal(
        _NOISE_FRAMES * _CHANNELS, dtype=np.float32
    )
