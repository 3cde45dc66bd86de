"""A Piper voice in ONNX Runtime: phoneme ids to waveforms, several pieces side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from contract.errors import ModelFailed
from contract.tasks import FloatArray
from predictors.nn.kept_graphs import Rewriting, kept_graph
from predictors.nn.onnx import OnnxModel, Provider, RunCounter, default_threads
from predictors.nn.tempo import Recording

_LARGE_RUN_IDS = 512
"""At the voice's own tempo; after which memory is given back. No piece is as long."""
_LARGE_RUN_BESIDE_OTHERS_IDS = 256
_SHORTEST = (1, 0, 2)
"""Begin, pad and end, as every Piper voice numbers them."""
_NOISE_FRAMES = 2048  # 24 s; then the noise repeats, which nobody hears
_CHANNELS = 192
NOISE = "noise_"
"""Begins the names of the inputs of noise, which are numbered."""


def _seedable(path: Path) -> bytes:
    from predictors.models.piper.graph import seedable  # with onnx, when there is a graph to change

    return seedable(path)


_SEEDABLE = Rewriting("piper 1", _seedable, shares_weights=True)


@dataclass(frozen=True, slots=True)
class Scales:
    """What the graph takes beside the ids."""

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
    has_all_threads: bool = False
    """Also beside others: rounding depends on the threads of a run."""


class PiperNetwork:
    """Thread-safe; keeps nothing between calls.

    A piece by itself has all threads, one that begins beside another has one: two threads make
    25 s of speech a second like this, 21 with both in every run, and 17 in padded batches, whose
    activations leave the processor's cache.
    """

    def __init__(
        self, path: Path, *, hop: int, threads: int, providers: Sequence[Provider]
    ) -> None:
        """`hop`: samples per frame. Raises ModelFailed when the file is no Piper voice."""
        self.threads = threads or default_threads()
        graph = kept_graph(path, _SEEDABLE, providers)
        self.model = graph.load(threads=self.threads)
        self._beside_others = graph.load(threads=1) if self.model.is_on_cpu else self.model
        if not {"input", "input_lengths", "scales"} <= self.model.inputs:
            raise ModelFailed("the voice's ONNX model has other inputs than a Piper voice")
        self._noises = sum(name.startswith(NOISE) for name in self.model.inputs)
        self._has_speakers = "sid" in self.model.inputs
        self._hop = hop
        self._runs = RunCounter()

    def run(self, piece: Piece) -> Recording:
        with self._runs.counted() as running:
            is_beside_others = running > 1 and not piece.has_all_threads
            model = self._beside_others if is_beside_others else self.model
            large = _LARGE_RUN_BESIDE_OTHERS_IDS if is_beside_others else _LARGE_RUN_IDS
            is_small = len(piece.ids) / piece.scales.speed <= large
            return self._spoken(model, piece, keeps_memory=is_small)

    def trim_memory(self) -> None:
        """Give back what runs have kept."""
        feed = self._feed(Piece(_SHORTEST, 0, None, Scales(0.0, 1.0, 0.0, 1.0)))
        for model in (self.model, self._beside_others):
            model.trim_memory(feed)

    def _spoken(self, model: OnnxModel, piece: Piece, *, keeps_memory: bool) -> Recording:
        speed = piece.scales.speed
        feed = self._feed(piece)
        wave, *_, spans = model.run(feed, keeps_memory=keeps_memory)  # spans: of each id, in frames
        made = float(np.ceil(spans).sum())
        wanted = float(np.ceil(spans * np.float32(speed)).sum()) / speed
        return Recording(wave.reshape(-1)[: int(made) * self._hop], made / max(wanted, 1))

    def _feed(self, piece: Piece) -> dict[str, Any]:
        scales = piece.scales
        feed: dict[str, Any] = {
            "input": np.array([piece.ids], np.int64),
            "input_lengths": np.array([len(piece.ids)], np.int64),
            "scales": np.array([scales.sound, scales.length, scales.rhythm], np.float32),
        }
        for index in range(self._noises):
            feed[f"{NOISE}{index}"] = _noise(piece.seed, index)[np.newaxis]
        if self._has_speakers:
            feed["sid"] = np.array([piece.speaker or 0], np.int64)
        return feed


@lru_cache(maxsize=8)
def _noise(seed: int, index: int) -> FloatArray:
    return np.random.default_rng([seed, index]).standard_normal(
        _NOISE_FRAMES * _CHANNELS, dtype=np.float32
    )
