"""Silero's network in ONNX Runtime: how likely each 32 ms window is to hold speech.

Two exports are in circulation, distinguished by their inputs:

  sequence   input [windows, 576], h and c [1, 1, 128]   all windows of one recording in one run
  streaming  input [batch, 576], state [2, batch, 128], sr   one window of each recording per run

A window is 64 samples of context and 512 of its own, at 16 kHz. Measured on two cores, the
sequence export takes 20 ms for 11 s of audio, the streaming one 40 ms; running the streaming one
over a batch of 8 recordings takes as long per recording as one after the other, and a second
thread slows either down. So recordings run one after the other, each in as few runs as it takes.
Stretches of digital silence are not run at all: an hour of it costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from contract.errors import ModelFailed
from contract.tasks import FloatArray
from predictors.nn.onnx import OnnxModel
from predictors.nn.speech_activity.segments import SAMPLE_RATE, WINDOW

CONTEXT = 64
_BLOCK = 2048  # windows in one run: 4.7 MB
BLOCK_S = _BLOCK * WINDOW / SAMPLE_RATE  # 66 s of audio
_STATE = 128
_AUDIBLE = 1e-4  # -80 dBFS; below it is digital silence with dither

State = Any
"""What the network remembers of the windows before, as its export wants it; None at the start."""


@dataclass(frozen=True, slots=True, eq=False)
class Rating:
    """A recording on its way through the network: 16 kHz, and how far it is rated."""

    samples: FloatArray
    probabilities: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    state: State = None

    @property
    def is_complete(self) -> bool:
        return len(self.probabilities) * WINDOW >= len(self.samples)


class SpeechNetwork:
    """Thread-safe, as its model is: no state is kept."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Raises ModelFailed when the file is neither export."""
        self._model = OnnxModel(path, threads=threads, providers=("CPUExecutionProvider",))
        if self._model.inputs not in _EXPORTS:
            raise ModelFailed("the speech detector's ONNX model has other inputs than Silero's")
        self._run = _EXPORTS[self._model.inputs]

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """One probability per 512 samples of 16 kHz audio, the last window padded with zeros."""
        rating = Rating(samples)
        while not rating.is_complete:
            rating = self.rate_block(rating)
        return rating.probabilities

    def rate_block(self, rating: Rating) -> Rating:
        """The next 66 s of a recording."""
        windows = _windows(rating.samples, len(rating.probabilities) * WINDOW)
        if np.abs(windows).max() <= _AUDIBLE:
            rated, state = np.zeros(len(windows), np.float32), None
        else:
            rated, state = self._run(self._model, windows, rating.state)
        return replace(
            rating, probabilities=np.concatenate([rating.probabilities, rated]), state=state
        )


def _windows(samples: FloatArray, first: int) -> FloatArray:
    """[windows, 576] of the block that begins at sample `first`, each with what is before it."""
    own = samples[first : first + _BLOCK * WINDOW]
    before = samples[max(first - CONTEXT, 0) : first]
    count = -(-len(own) // WINDOW)
    padded = np.zeros(CONTEXT + count * WINDOW, np.float32)
    padded[CONTEXT - len(before) : CONTEXT + len(own)] = np.concatenate([before, own])
    return np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + WINDOW)[::WINDOW]


def _run_sequence(model: OnnxModel, windows: FloatArray, state: State) -> tuple[FloatArray, State]:
    h, c = state or (np.zeros((1, 1, _STATE), np.float32),) * 2
    feed = {"input": np.ascontiguousarray(windows), "h": h, "c": c}
    speech, h, c = model.run(feed, keeps_memory=True)
    return speech.reshape(-1), (h, c)


def _run_streaming(model: OnnxModel, windows: FloatArray, state: State) -> tuple[FloatArray, State]:
    memory = np.zeros((2, 1, _STATE), np.float32) if state is None else state
    rate = np.array(16_000, np.int64)
    rated = np.empty(len(windows), np.float32)
    for index, window in enumerate(windows):
        feed = {"input": window[None], "state": memory, "sr": rate}
        speech, memory = model.run(feed, keeps_memory=True)
        rated[index] = speech.item()
    return rated, memory


_EXPORTS = {
    frozenset({"input", "h", "c"}): _run_sequence,
    frozenset({"input", "state", "sr"}): _run_streaming,
}
