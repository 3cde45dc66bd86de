"""VoiceFixer: recordings with noise, echo, clipping or a narrow band to clean 44.1 kHz speech."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import torch
from torch import nn

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.errors import ModelFailed
from contract.tasks import (
    AudioOutput,
    FloatArray,
    RestoreInput,
    RestoreOutput,
    Task,
    VocodeInput,
)
from predictors.models.voicefixer import restoring, unet, vocoding
from predictors.models.voicefixer.checkpoints import read_restorer, read_vocoder
from predictors.models.voicefixer.mel import HOP_LENGTH, N_MELS, SAMPLE_RATE
from predictors.models.voicefixer.tfgan import TFGAN
from predictors.nn.audible import audible
from predictors.nn.device import most_cost
from predictors.nn.loading import Loaded, refuse_damaged, shared_network
from predictors.nn.mastering import insert_pauses, limit_peak
from predictors.nn.vocoding import CutMel, joined
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import NoOptions, read_options
from predictors.runtime.weights.source import resolve

N = TypeVar("N", bound=nn.Module)
_LICENSE = "unverified"
_MIN_SAMPLES = SAMPLE_RATE // 10
_RESTORER_FILE = "vf.ckpt"
_VOCODER_FILE = "model.ckpt-1490000_trimed.pt"


def _network(
    config: ModelConfig,
    weights: Weights,
    name: str,
    *,
    read: Callable[[Path], N],
    reduce: Callable[[N, torch.dtype], object],
) -> Loaded[N]:
    """What `read` makes of the weight file `name` of the public layout, or of the file that
    `model` names."""
    read_options(NoOptions, config)
    root = resolve(config.model, revision=config.revision, allow=(name,), required=(name,))
    path = root if root.is_file() else root / name
    return shared_network(config, weights, path, build=partial(read, path), reduce=reduce)


class VoiceFixerRestorer(Model[RestoreInput, RestoreOutput]):
    """Turns a recording into the mel spectrogram of clean speech, [128, 100 frames a second].

    `model` is jlmarrugom/voice_fixer, a directory with vf.ckpt, or that file. Recordings may be of
    any length: parts of 30 s are restored side by side.
    """

    spec = ModelSpec(
        Task.RESTORE, packages=("torch",), extra="torch", image="torch", license=_LICENSE
    )

    def __init__(self, loaded: Loaded[unet.VoiceFixerRestorer]) -> None:
        self.network, self.size_bytes = loaded.network, loaded.size_bytes
        self.max_batch_cost = most_cost(
            restoring.MAX_RUN_FRAMES, restoring.RUN_BYTES, loaded.device
        )

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        return cls(
            _network(
                config,
                weights,
                _RESTORER_FILE,
                read=read_restorer,
                reduce=restoring.reduce_restorer,
            )
        )

    def prepare(self, request: RestoreInput) -> Prepared[None]:
        samples = audible(request.audio, SAMPLE_RATE, min_samples=_MIN_SAMPLES)
        segments = restoring.segments(samples)
        return Prepared([Unit(one, restoring.frames(one)) for one in segments], None)

    def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
        return restoring.mels(self.network, batch)

    def finish(self, prepared: Prepared[None], results: Sequence[FloatArray]) -> RestoreOutput:
        mel = restoring.joined(results)
        if np.isfinite(mel).all():
            return RestoreOutput(mel)
        refuse_damaged(self.network)
        raise ModelFailed("the network gave no finite mel for this audio; set dtype to float32")

    def warm_up_request(self) -> RestoreInput:
        time_s = np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE
        tone = 0.3 * np.sin(2 * np.pi * 220 * time_s)
        return RestoreInput(Audio(tone.astype(np.float32), SAMPLE_RATE))


class VoiceFixerVocoder(Model[VocodeInput, AudioOutput]):
    """Makes a mel of VoiceFixerRestorer audible: 44.1 kHz, 441 samples a frame.

    `model` is jlmarrugom/voice_fixer, a directory with model.ckpt-1490000_trimed.pt, or that file.
    Mels may be of any length: parts of 30 s are spoken side by side. The level is the mel's own;
    only what exceeds full scale is turned down.
    """

    spec = ModelSpec(
        Task.VOCODE, packages=("torch",), extra="torch", image="torch", license=_LICENSE
    )

    def __init__(self, loaded: Loaded[TFGAN]) -> None:
        self.network, self.size_bytes = loaded.network, loaded.size_bytes
        self.max_batch_cost = most_cost(vocoding.MAX_RUN_FRAMES, vocoding.RUN_BYTES, loaded.device)

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        return cls(
            _network(
                config, weights, _VOCODER_FILE, read=read_vocoder, reduce=vocoding.reduce_tfgan
            )
        )

    def prepare(self, request: VocodeInput) -> Prepared[CutMel]:
        return vocoding.WINDOWS.cut(request, N_MELS)

    def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
        return vocoding.waves(self.network, batch)

    def finish(self, prepared: Prepared[CutMel], results: Sequence[FloatArray]) -> AudioOutput:
        wave = limit_peak(joined(prepared.context, results, HOP_LENGTH, self.network))
        pieces = prepared.context.pieces
        paused = insert_pauses(wave, pieces, hop_length=HOP_LENGTH, sample_rate=SAMPLE_RATE)
        return AudioOutput(Audio(paused, SAMPLE_RATE))

    def warm_up_request(self) -> VocodeInput:
        return VocodeInput(np.full((N_MELS, 10), 0.1, np.float32))
