"""Kokoro in ONNX Runtime: symbol ids to a waveform, at exactly the speed that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import ModelFailed
from contract.tasks import FloatArray
from predictors.nn.kept_graphs import Rewriting, kept_graph
from predictors.nn.onnx import Provider, default_threads
from predictors.nn.tempo import Recording

FloatArray64 = NDArray[np.float64]

SAMPLE_RATE = 24_000
_SPEEDS = (0.7, 1.5)
"""Within these the model speaks faster or slower by itself; beyond, it stammers or swallows words,
and the recording is stretched."""
_IDS_INPUTS = ("tokens", "input_ids")
"""By thewh1teagle/kokoro-onnx and by onnx-community/Kokoro-82M-v1.0-ONNX."""


DURATIONS = "symbol_durations"
"""The output that the graph gets for them."""


def _runnable(path: Path) -> bytes:
    from predictors.models.kokoro.graph import runnable  # with onnx, when there is one to change

    return runnable(path)


_RUNNABLE = Rewriting("kokoro 1", _runnable)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """At most one sentence of one request."""

    ids: tuple[int, ...]
    style: FloatArray
    """(256,)"""
    speed: float


@dataclass(frozen=True, slots=True, eq=False)
class SpokenPiece(Recording):
    frames: FloatArray64 | None = None
    """(ids + 2,): how long each symbol lasts, the silent ones at both ends too; None: unknown."""


class KokoroNetwork:
    """Thread-safe; keeps nothing between calls.

    Each piece is a run of its own, and several run side by side in the one session, whose threads
    help whichever run needs them. By itself a run keeps one thread busy for a third of its time:
    ONNX Runtime shares neither sines nor transpositions nor copies between threads.
    """

    def __init__(self, path: Path, *, threads: int, providers: Sequence[Provider]) -> None:
        """Raises ModelFailed when the file is no Kokoro model."""
        self._model = kept_graph(path, _RUNNABLE, providers).load(threads=threads)
        self.most_at_once = (threads or default_threads()) if self._model.is_on_cpu else 1
        """Pieces that are worth running side by side."""
        inputs = self._model.inputs
        self._ids_input = next((name for name in _IDS_INPUTS if name in inputs), "")
        if inputs != {self._ids_input, "style", "speed"}:
            raise ModelFailed("the ONNX model has other inputs than a Kokoro model")
        self._audio = self._model.outputs[0]
        self._durations = DURATIONS if DURATIONS in self._model.outputs else ""

    def run(self, piece: Piece) -> SpokenPiece:
        """The same recording whatever runs beside it."""
        own_speed = float(np.clip(piece.speed, *_SPEEDS))
        wanted = [self._audio, *([self._durations] if self._durations else [])]
        feed: dict[str, Any] = {
            self._ids_input: np.array([[0, *piece.ids, 0]], np.int64),
            "style": piece.style[None].astype(np.float32),
            "speed": np.array([own_speed], np.float32),
        }
        audio, *spans = self._model.run(feed, wanted)
        samples = np.asarray(audio, np.float32).reshape(-1)
        tempo = piece.speed / own_speed
        if not spans:
            return SpokenPiece(samples, tempo)
        wished = np.asarray(spans[0], np.float64).reshape(-1)
        frames = np.maximum(np.round(wished), 1)
        if tempo != 1:  # whole frames are longer than those that the symbols should last
            tempo *= float(frames.sum() / np.maximum(wished.sum(), 1))
        return SpokenPiece(samples, tempo, frames)
