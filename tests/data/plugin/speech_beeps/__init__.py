"""BeepSynthesizer: a tenth of a second of beep for every letter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contract.audio.codec import Audio
from contract.tasks import AudioOutput, SynthesizeInput, Task
from predictors.runtime.model import ModelType

SAMPLE_RATE = 8_000
SAMPLES_PER_LETTER = 800


class BeepSynthesizer(ModelType[SynthesizeInput, AudioOutput]):
    """`options.pitch_hz` sets the pitch, 440 unless given."""

    task = Task.SYNTHESIZE

    def load(self) -> None:
        pitch_hz = float(self.config.options.get("pitch_hz", 440.0))
        time_s = np.arange(SAMPLES_PER_LETTER) / SAMPLE_RATE
        self.beep = (0.5 * np.sin(2 * np.pi * pitch_hz * time_s)).astype(np.float32)

    def infer(self, batch: Sequence[SynthesizeInput]) -> Sequence[AudioOutput]:
        return [
            AudioOutput(Audio(np.tile(self.beep, len(request.text)), SAMPLE_RATE))
            for request in batch
        ]

    def cost(self, request: SynthesizeInput) -> float:
        return float(len(request.text))

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput("a")
