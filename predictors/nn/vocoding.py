"""Mels of any length to waveforms: the windows of every request of a batch in padded passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from contract.errors import InvalidRequest, SpeechError
from contract.tasks import AudioOutput, FloatArray, VocodeInput
from predictors.nn.batch_by_length import packed
from predictors.nn.mels import windows
from predictors.nn.torch_checkpoint import refuse_damaged


@dataclass(frozen=True, slots=True)
class Vocoder:
    """A network that speaks mels, and how much of one it is given at a time."""

    speak: Callable[[Sequence[FloatArray]], Sequence[FloatArray]]
    """One padded pass: mels [n_mels, T_i] to waves of at least T_i * hop_length samples."""
    hop_length: int
    window_frames: int
    context_frames: int
    """What a window hears of its neighbours, so that no seam is heard."""
    run_frames: int
    """Most padded frames in one pass; a longer window runs alone."""

    def waves(self, mels: Sequence[FloatArray]) -> list[FloatArray]:
        """One waveform of T * hop_length samples for each mel [n_mels, T]."""
        cuts = [
            (number, window)
            for number, mel in enumerate(mels)
            for window in windows(
                mel.shape[1], size=self.window_frames, context=self.context_frames
            )
        ]
        parts: dict[int, FloatArray] = {}
        for run in packed([window.frames for _, window in cuts], self.run_frames):
            chosen = [cuts[index] for index in run]
            spoken = self.speak([mels[n][:, cut.start : cut.stop] for n, cut in chosen])
            for index, (_, window), wave in zip(run, chosen, spoken, strict=True):
                parts[index] = window.kept(wave, self.hop_length)
        return [
            np.concatenate([parts[index] for index, (n, _) in enumerate(cuts) if n == number])
            for number in range(len(mels))
        ]


def answer_mels(
    batch: Sequence[VocodeInput],
    vocoder: Vocoder,
    network: nn.Module,
    *,
    check: Callable[[VocodeInput], None],
    finish: Callable[[VocodeInput, FloatArray], AudioOutput],
) -> list[AudioOutput | SpeechError]:
    """Speak what `check` lets through, in one go; `finish` makes a waveform the answer.

    Raises CorruptWeights when it is the weights that are no longer numbers.
    """
    refusals = [_refusal(check, request) for request in batch]
    accepted = [one.mel for one, no in zip(batch, refusals, strict=True) if no is None]
    waves = iter(vocoder.waves(accepted))
    return [
        _answer(request, next(waves), network, finish) if refusal is None else refusal
        for request, refusal in zip(batch, refusals, strict=True)
    ]


def _refusal(check: Callable[[VocodeInput], None], request: VocodeInput) -> InvalidRequest | None:
    try:
        check(request)
    except InvalidRequest as refusal:
        return refusal
    return None


def _answer(
    request: VocodeInput,
    wave: FloatArray,
    network: nn.Module,
    finish: Callable[[VocodeInput, FloatArray], AudioOutput],
) -> AudioOutput | SpeechError:
    if np.isfinite(wave).all():
        return finish(request, wave)
    refuse_damaged(network)
    return InvalidRequest("mel holds numbers that are no speech", param="mel")
