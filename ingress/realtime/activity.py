"""Which windows of a stream hold speech: the detection predictor's word, else their loudness.

docs/decisions/0015-realtime.md weighs where the detector runs.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from contract.audio.codec import Audio
from contract.errors import SpeechError
from contract.tasks import DetectSpeechInput, Task
from ingress.endpoints import VAD, listed_models
from ingress.realtime.calls import Calls
from ingress.realtime.turns import WINDOW

logger = logging.getLogger(__name__)

CONTEXT_WINDOWS = 24
"""Heard before those that are asked about: the network starts without memory. With 24 it agrees
with an uninterrupted run but for the first window of a word now and then."""
_PATIENCE_S = 30.0
"""A detector that sleeps is waited for; the sound is kept meanwhile."""
_SILENT = 1e-3
"""-60 dBFS. A window that is nowhere louder holds no speech; a muted microphone costs nothing."""
_LEAST_LEVEL = 0.006
_ABOVE_FLOOR = 3.0
_FLOOR_RISE = 1.01
"""A window; the floor follows a fan that starts within about ten seconds."""


class SpeechActivity:
    """Of one session."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._floor = _LEAST_LEVEL

    @property
    def model(self) -> str | None:
        """The predictor that is asked; None where no detector is configured."""
        found = listed_models(self._calls.snapshot, VAD).values()
        return next((model.id for model in found if model.task is Task.DETECT_SPEECH), None)

    async def rate(self, audio: Audio, fresh: int, threshold: float) -> NDArray[np.bool_]:
        """Bool [fresh] of the last `fresh` windows of `audio`, which is whole windows."""
        windows = audio.samples.reshape(-1, WINDOW)  # (windows, samples)
        recent = windows[-fresh:]
        loudness = np.sqrt(np.mean(recent**2, axis=1))
        by_level = np.array([self._is_loud(float(one)) for one in loudness])
        if np.abs(recent).max(initial=0) <= _SILENT:
            return np.zeros(len(recent), np.bool_)
        model = self.model
        if model is None:
            return by_level
        asked = DetectSpeechInput(
            audio,
            threshold=threshold,
            min_speech_duration_ms=0,
            min_silence_duration_ms=0,
            speech_pad_ms=0,
        )
        try:
            answer = await self._calls.detect(model, asked, _PATIENCE_S)
        except SpeechError as error:
            logger.warning("%s did not detect speech (%s); loudness decides", model, error.code)
            return by_level
        rated = np.zeros(len(windows), np.bool_)
        for segment in answer.segments:
            first = round(segment.start_s * audio.sample_rate / WINDOW)
            last = round(segment.end_s * audio.sample_rate / WINDOW)
            rated[first:last] = True
        return rated[-fresh:]

    def _is_loud(self, level: float) -> bool:
        """Against a floor that falls at once and rises slowly."""
        self._floor = max(min(level, self._floor * _FLOOR_RISE), _LEAST_LEVEL / _ABOVE_FLOOR)
        return level > max(_LEAST_LEVEL, _ABOVE_FLOOR * self._floor)
