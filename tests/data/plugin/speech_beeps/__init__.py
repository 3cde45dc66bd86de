"""BeepSynthesizer: a tenth of a second of beep for every letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.errors import InvalidRequest
from contract.tasks import AudioOutput, FloatArray, SynthesizeInput, Task
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import read_options

SAMPLE_RATE = 8_000
SAMPLES_PER_LETTER = 800


@dataclass(frozen=True, slots=True)
class BeepOptions:
    pitch_hz: float = 440.0
    """The tone that every letter has."""


class BeepSynthesizer(Model[SynthesizeInput, AudioOutput]):
    """A sentence is a unit, so the sentences of several requests share a pass."""

    spec = ModelSpec(Task.SYNTHESIZE, options=BeepOptions)

    def __init__(self, beep: FloatArray) -> None:
        self._beep = beep

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        options = read_options(BeepOptions, config)
        time_s = np.arange(SAMPLES_PER_LETTER) / SAMPLE_RATE
        return cls((0.5 * np.sin(2 * np.pi * options.pitch_hz * time_s)).astype(np.float32))

    def prepare(self, request: SynthesizeInput) -> Prepared[None]:
        sentences = [len(one) for one in request.text.split(".") if one]
        if not sentences:
            raise InvalidRequest("text holds nothing to beep; send a letter", param="text")
        return Prepared([Unit(letters, cost=letters) for letters in sentences], None)

    def run(self, batch: Sequence[int]) -> list[FloatArray]:
        return [np.tile(self._beep, letters) for letters in batch]

    def finish(self, prepared: Prepared[None], results: Sequence[FloatArray]) -> AudioOutput:
        return AudioOutput(Audio(np.concatenate(results), SAMPLE_RATE))

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput("a")
