"""A synthesizer that is asked directly, and the pitch of what it answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import InvalidRequest
from contract.tasks import AudioOutput, SynthesizeInput
from predictors.runtime.direct import answers
from predictors.runtime.model import Model

SENTENCE = "The quick brown fox jumps over the lazy dog."
Synthesizer = Model[SynthesizeInput, AudioOutput]


def said(model: Synthesizer, text: str = SENTENCE, **asked: Any) -> AudioOutput:
    output = answers(model, [SynthesizeInput(text, **asked)])[0]
    assert isinstance(output, AudioOutput), output
    return output


def refused(model: Synthesizer, text: str = SENTENCE, **asked: Any) -> InvalidRequest:
    output = answers(model, [SynthesizeInput(text, **asked)])[0]
    assert isinstance(output, InvalidRequest), output
    return output


def pitch_hz(samples: NDArray[np.float32], sample_rate: int = 24_000) -> float:
    """The frequency of the loudest partial."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax()) * sample_rate / len(samples)
