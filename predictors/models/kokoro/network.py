"""Kokoro in ONNX Runtime: symbol ids to a waveform, at exactly the speed that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import ModelFailed
from contract.tasks import FloatArray
from predictors.nn.kept_graphs import Rewriting, kept_graph
from predictors.nn.onnx import OnnxModel, Provider, RunCounter, default_threads
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
    """Thread-safe; keeps nothing of a call.

    Each piece is a run of its own. By itself it has all threads, beside another a single one, in a
    second session: two runs of one thread each make 1.2 to 1.7 times the speech that runs of two
    threads make by turns, for no more processor time, as threads of a run wait for each other at
    each of 2,500 nodes. Of the int8 export both give the same samples. The second takes 0.4 s and
    110 MB, so it is made when two pieces first meet, and dropped when nobody speaks.
    """

    def __init__(self, path: Path, *, threads: int, providers: Sequence[Provider]) -> None:
        """Raises ModelFailed when the file is no Kokoro model."""
        self._graph = partial(kept_graph, path, _RUNNABLE, providers)
        self._model = self._graph().load(threads=threads)
        self._beside_others: OnnxModel | None = None
        self._runs = RunCounter()
        self._loading = Lock()
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
        with self._runs.counted() as running:
            model = self._model if running == 1 else self._of_one_thread()
            return self._spoken(model, piece)

    def trim_memory(self) -> None:
        """Drop what only several runs at once need."""
        self._beside_others = None

    def _of_one_thread(self) -> OnnxModel:
        if self.most_at_once == 1:
            return self._model
        with self._loading:
            if self._beside_others is None:
                self._beside_others = self._graph().load(threads=1)
            return self._beside_others

    def _spoken(self, model: OnnxModel, piece: Piece) -> SpokenPiece:
        own_speed = float(np.clip(piece.speed, *_SPEEDS))
        wanted = [self._audio, *([self._durations] if self._durations else [])]
        feed: dict[str, Any] = {
            self._ids_input: np.array([[0, *piece.ids, 0]], np.int64),
            "style": piece.style[None].astype(np.float32),
            "speed": np.array([own_speed], np.float32),
        }
        audio, *spans = model.run(feed, wanted)
        samples = np.asarray(audio, np.float32).reshape(-1)
        tempo = piece.speed / own_speed
        if not spans:
            return SpokenPiece(samples, tempo)
        wished = np.asarray(spans[0], np.float64).reshape(-1)
        frames = np.maximum(np.round(wished), 1)
        if tempo != 1:  # whole frames are longer than those that the symbols should last
            tempo *= float(frames.sum() / np.maximum(wished.sum(), 1))
        return SpokenPiece(samples, tempo, frames)
