"""SileroVAD: where in a recording somebody speaks. ONNX only, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract.audio.codec import Audio, resample
from contract.errors import SpeechError
from contract.tasks import DetectSpeechInput, DetectSpeechOutput, SpeechSegment, Task
from predictors.nn.speech_activity.network import SpeechNetwork
from predictors.nn.speech_activity.segments import SAMPLE_RATE, SpeechRules, speech_spans
from predictors.nn.speech_activity.shipped import shipped_network
from predictors.runtime.legacy import ModelType
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import WeightsMissing, resolve

ALIASES = ("silero-vad", "silero_vad", "snakers4/silero-vad")
"""What HSE's configs call the model; the weights then come from an installed package."""
_FORMATS = ("auto", "onnx")


@dataclass(frozen=True, slots=True)
class SileroOptions:
    threads: int = 1
    """Threads of one run; more than one slows this small network down."""


class SileroVAD(ModelType[DetectSpeechInput, DetectSpeechOutput]):
    """Detects speech by Silero's rules at 16 kHz; other rates are resampled.

    `model` is `silero-vad` (the weights of an installed package), a file, a package file or a
    hub file (owner/name/path.onnx).
    """

    task = Task.DETECT_SPEECH
    packages = ("onnxruntime",)
    extra = "whisper"

    def load(self) -> None:
        options = read_options(SileroOptions, self.config)
        if self.config.load_format not in _FORMATS:
            raise WeightsMissing("SileroVAD runs the ONNX export; set load_format to auto or onnx")
        path = self._file()
        self._size = path.stat().st_size
        self._network = self.weights.share(
            ("silero", path, options.threads),
            lambda: SpeechNetwork(path, threads=options.threads),
        )

    def _file(self) -> Path:
        if self.config.model.lower() in ALIASES:
            return shipped_network()
        return resolve(self.config.model, revision=self.config.revision)

    def unload(self) -> None:
        del self._network

    def infer(
        self, batch: Sequence[DetectSpeechInput]
    ) -> Sequence[DetectSpeechOutput | SpeechError]:
        return [self._detect(request) for request in batch]

    def _detect(self, request: DetectSpeechInput) -> DetectSpeechOutput:
        samples = resample(request.audio, SAMPLE_RATE).samples
        rules = SpeechRules(
            request.threshold,
            request.min_speech_duration_ms,
            request.min_silence_duration_ms,
            request.speech_pad_ms,
        )
        spans = speech_spans(self._network.probabilities(samples), len(samples), rules)
        duration_s = request.audio.duration_s
        segments = tuple(
            SpeechSegment(start / SAMPLE_RATE, min(end / SAMPLE_RATE, duration_s))
            for start, end in spans
        )
        return DetectSpeechOutput(segments, duration_s)

    def cost(self, request: DetectSpeechInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> DetectSpeechInput:
        return DetectSpeechInput(Audio(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE))

    def footprint_bytes(self) -> int:
        return self._size
