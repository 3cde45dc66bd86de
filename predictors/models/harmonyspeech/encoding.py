"""Whose voice a recording is in: windows of several recordings in one pass of GE2E."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.audio.codec import Audio
from contract.errors import InvalidAudio
from contract.tasks import FloatArray, SpeechSegment
from predictors.models.harmonyspeech.ge2e import Network
from predictors.models.harmonyspeech.ge2e_frontend import (
    SAMPLE_RATE,
    NoSpeechError,
    speech_windows,
)
from predictors.nn.audible import audible
from predictors.nn.reference_clips import MIN_SPEECH_S, reference_clips
from predictors.runtime.weights.store import CorruptWeights

MAX_RUN_WINDOWS = 512
"""Windows in one pass: seven minutes of speech, about 250 MB of activations."""


@dataclass(frozen=True, slots=True)
class SpeakerEncoder:
    """A GE2E network and the step between the windows that it was trained with."""

    network: Network
    step_frames: int

    @property
    def dims(self) -> int:
        return self.network.config.model_embedding_size

    def windows(self, audio: Audio, segments: Sequence[SpeechSegment] | None) -> FloatArray:
        """Mel windows [n, 160, 40] of the speech in a recording, or in its segments if given.

        Raises InvalidAudio: too short, silent, or without speech.
        """
        samples = audible(audio, SAMPLE_RATE, min_samples=round(MIN_SPEECH_S * SAMPLE_RATE))
        if segments is not None:
            samples = np.concatenate(reference_clips(samples, SAMPLE_RATE, segments))
        try:
            return speech_windows(samples, step_frames=self.step_frames)
        except NoSpeechError as exc:
            raise InvalidAudio(
                "audio holds no speech; send a recording in which one person speaks",
                param="audio",
            ) from exc

    def vectors(self, recordings: Sequence[FloatArray]) -> list[FloatArray]:
        """One pass: for each recording, cut into windows, their unit vectors [n, dims]."""
        counts = [len(windows) for windows in recordings]
        vectors = self.network(np.concatenate(recordings))
        return np.split(vectors, np.cumsum(counts)[:-1])

    def voice(self, vectors: FloatArray) -> FloatArray:
        """The unit vector [dims] of a recording, from those of its windows.

        Raises InvalidAudio when the network hears no voice in it, or CorruptWeights.
        """
        mean = vectors.mean(axis=0)
        if not np.isfinite(mean).all():
            damaged = self.network.damaged()
            if damaged is not None:
                raise CorruptWeights(f"the weights in memory are damaged at {damaged}")
        norm = float(np.linalg.norm(mean))
        if not norm > 0:  # also where it is not finite
            raise InvalidAudio(
                "audio has no voice in it that the encoder recognises; send clear speech",
                param="audio",
            )
        return np.asarray(mean / norm, np.float32)
