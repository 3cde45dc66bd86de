"""SileroVAD: where in a recording somebody speaks. ONNX only, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from contract.audio.codec import Audio, resample
from contract.config import ModelConfig
from contract.tasks import DetectSpeechInput, DetectSpeechOutput, FloatArray, SpeechSegment, Task
from predictors.nn.onnx import default_threads
from predictors.nn.speech_activity.network import BLOCK_S, Rating, SpeechNetwork
from predictors.nn.speech_activity.segments import (
    SAMPLE_RATE,
    WINDOW,
    SpeechRules,
    speech_spans,
)
from predictors.nn.speech_activity.shipped import shipped_network
from predictors.runtime.model import Model, ModelSpec, More, Prepared, Unit, Weights
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import WeightsMissing, resolve

_WINDOW_S = WINDOW / SAMPLE_RATE
ALIASES = ("silero-vad", "silero_vad", "snakers4/silero-vad")
"""What HSE's configs call the model; the weights then come from an installed package."""
_FORMATS = ("auto", "onnx")


@dataclass(frozen=True, slots=True)
class SileroOptions:
    threads: int = 1
    """Threads of one run; more than one slows this small network down."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What finish() needs of a request."""

    rules: SpeechRules
    n_samples: int
    duration_s: float


class SileroVAD(Model[DetectSpeechInput, DetectSpeechOutput]):
    """Detects speech by Silero's rules at 16 kHz; other rates are resampled.

    `model` is `silero-vad` (the weights of an installed package), a file, a package file or a
    hub file (owner/name/path.onnx). A pass takes the next 66 s of one recording; several run side
    by side, since the network makes no use of a batch or of a second thread.
    """

    spec = ModelSpec(
        Task.DETECT_SPEECH,
        packages=("onnxruntime",),
        extra="whisper",
        image="whisper",
        options=SileroOptions,
        license="MIT",
    )
    is_padded = False

    def __init__(self, network: SpeechNetwork, size_bytes: int) -> None:
        self.network, self.size_bytes = network, size_bytes
        self.concurrent_passes = default_threads()

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        threads = read_options(SileroOptions, config).threads
        if config.load_format not in _FORMATS:
            raise WeightsMissing("SileroVAD runs the ONNX export; set load_format to auto or onnx")
        path = _file(config)
        network = weights.share(
            ("silero", path, threads), lambda: SpeechNetwork(path, threads=threads)
        )
        return cls(network, path.stat().st_size)

    def prepare(self, request: DetectSpeechInput) -> Prepared[Asked]:
        samples = resample(request.audio, SAMPLE_RATE).samples
        rules = SpeechRules(
            request.threshold,
            request.min_speech_duration_ms,
            request.min_silence_duration_ms,
            request.speech_pad_ms,
        )
        rating = Rating(samples)
        units = [] if rating.is_complete else [_unit(rating)]
        return Prepared(units, Asked(rules, len(samples), request.audio.duration_s))

    def run(self, batch: Sequence[Rating]) -> list[FloatArray | More]:
        rated = [self.network.rate_block(one) for one in batch]
        return [one.probabilities if one.is_complete else More([_unit(one)]) for one in rated]

    def finish(
        self, prepared: Prepared[Asked], results: Sequence[FloatArray]
    ) -> DetectSpeechOutput:
        asked = prepared.context
        probabilities = np.concatenate([np.zeros(0, np.float32), *results])
        spans = speech_spans(probabilities, asked.n_samples, asked.rules)
        segments = tuple(
            SpeechSegment(start / SAMPLE_RATE, min(end / SAMPLE_RATE, asked.duration_s))
            for start, end in spans
        )
        return DetectSpeechOutput(segments, asked.duration_s)

    def warm_up_request(self) -> DetectSpeechInput:
        tone = 0.1 * np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) * 0.2)
        return DetectSpeechInput(Audio(tone.astype(np.float32), SAMPLE_RATE))


def _file(config: ModelConfig) -> Path:
    if config.model.lower() in ALIASES:
        return shipped_network()
    return resolve(config.model, revision=config.revision)


def _unit(rating: Rating) -> Unit[Rating]:
    rest_s = len(rating.samples) / SAMPLE_RATE - len(rating.probabilities) * _WINDOW_S
    return Unit(rating, min(rest_s, BLOCK_S), is_alone=True)
