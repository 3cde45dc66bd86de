"""VoiceFixer: recordings with noise, echo, clipping or a narrow band to clean 44.1 kHz speech."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.errors import InvalidAudio, ModelFailed, ModelNotReady, SpeechError
from contract.tasks import (
    AudioOutput,
    FloatArray,
    RestoreInput,
    RestoreOutput,
    Task,
    VocodeInput,
)
from predictors.nn.audible import audible
from predictors.nn.mastering import insert_pauses, limit_peak
from predictors.nn.mels import check_mel, piece_lengths
from predictors.runtime.model import ModelType
from predictors.runtime.options import NoOptions, read_options
from predictors.runtime.weights.source import resolve

if TYPE_CHECKING:  # torch takes seconds to import: load() does it
    from predictors.models.voicefixer.restoring import Restorer
    from predictors.models.voicefixer.tfgan import TFGAN
    from predictors.nn.vocoding import Vocoder

SAMPLE_RATE = 44_100
_HOP_LENGTH = 441
_N_MELS = 128
_MIN_SAMPLES = SAMPLE_RATE // 10
_RESTORER_FILE = "vf.ckpt"
_VOCODER_FILE = "model.ckpt-1490000_trimed.pt"


def _find(config: ModelConfig, name: str) -> Path:
    """The weight file `name` of the public layout, or the file that `model` names."""
    root = resolve(config.model, revision=config.revision, allow=(name,), required=(name,))
    return root if root.is_file() else root / name


class VoiceFixerRestorer(ModelType[RestoreInput, RestoreOutput]):
    """Turns a recording into the mel spectrogram of clean speech, [128, 100 frames a second].

    `model` is jlmarrugom/voice_fixer, a directory with vf.ckpt, or that file. Recordings may be of
    any length: parts of 30 s are restored side by side.
    """

    task = Task.RESTORE
    packages = ("torch",)
    extra = "torch"
    max_batch_cost = 60.0

    _restorer: Restorer | None = None
    _size = 0

    def load(self) -> None:
        from predictors.models.voicefixer.checkpoints import read_restorer
        from predictors.models.voicefixer.restoring import Restorer, reduce_restorer
        from predictors.nn.torch_checkpoint import shared_network

        read_options(NoOptions, self.config)
        path = _find(self.config, _RESTORER_FILE)
        loaded = shared_network(
            self.config,
            self.weights,
            path,
            build=lambda: read_restorer(path),
            reduce=reduce_restorer,
        )
        self._restorer = Restorer(loaded.network, loaded.device)
        self._size = loaded.size_bytes

    def unload(self) -> None:
        self._restorer = None

    def infer(self, batch: Sequence[RestoreInput]) -> Sequence[RestoreOutput | SpeechError]:
        if self._restorer is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        heard = [_samples(request) for request in batch]
        recordings = [one for one in heard if not isinstance(one, InvalidAudio)]
        mels = iter(self._restorer.mels(recordings))
        return [one if isinstance(one, InvalidAudio) else self._answer(next(mels)) for one in heard]

    def _answer(self, mel: FloatArray) -> RestoreOutput | SpeechError:
        from predictors.nn.torch_checkpoint import refuse_damaged

        assert self._restorer is not None  # infer() has seen to it
        if np.isfinite(mel).all():
            return RestoreOutput(mel)
        refuse_damaged(self._restorer.network)
        return ModelFailed("the network gave no finite mel for this audio; set dtype to float32")

    def cost(self, request: RestoreInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> RestoreInput:
        time_s = np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE
        tone = 0.3 * np.sin(2 * np.pi * 220 * time_s)
        return RestoreInput(Audio(tone.astype(np.float32), SAMPLE_RATE))

    def footprint_bytes(self) -> int:
        return self._size


def _samples(request: RestoreInput) -> FloatArray | InvalidAudio:
    try:
        return audible(request.audio, SAMPLE_RATE, min_samples=_MIN_SAMPLES)
    except InvalidAudio as refusal:
        return refusal


class VoiceFixerVocoder(ModelType[VocodeInput, AudioOutput]):
    """Makes a mel of VoiceFixerRestorer audible: 44.1 kHz, 441 samples a frame.

    `model` is jlmarrugom/voice_fixer, a directory with model.ckpt-1490000_trimed.pt, or that file.
    Mels may be of any length: parts of 30 s are spoken side by side. The level is the mel's own;
    only what exceeds full scale is turned down.
    """

    task = Task.VOCODE
    packages = ("torch",)
    extra = "torch"
    max_batch_cost = 30.0

    _network: TFGAN | None = None
    _vocoder: Vocoder | None = None
    _size = 0

    def load(self) -> None:
        from predictors.models.voicefixer.checkpoints import read_vocoder
        from predictors.models.voicefixer.vocoding import reduce_tfgan, tfgan_vocoder
        from predictors.nn.torch_checkpoint import shared_network

        read_options(NoOptions, self.config)
        path = _find(self.config, _VOCODER_FILE)
        loaded = shared_network(
            self.config,
            self.weights,
            path,
            build=lambda: read_vocoder(path),
            reduce=reduce_tfgan,
        )
        self._network, self._size = loaded.network, loaded.size_bytes
        self._vocoder = tfgan_vocoder(loaded.network, loaded.device)

    def unload(self) -> None:
        self._network = self._vocoder = None

    def check(self, request: VocodeInput) -> None:
        check_mel(request.mel, _N_MELS)
        piece_lengths(request.pauses, request.mel.shape[1])

    def infer(self, batch: Sequence[VocodeInput]) -> Sequence[AudioOutput | SpeechError]:
        if self._vocoder is None or self._network is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        from predictors.nn.vocoding import answer_mels

        return answer_mels(
            batch, self._vocoder, self._network, check=self.check, finish=self._finished
        )

    def _finished(self, request: VocodeInput, wave: FloatArray) -> AudioOutput:
        pieces = piece_lengths(request.pauses, request.mel.shape[1])
        paused = insert_pauses(
            limit_peak(wave), pieces, hop_length=_HOP_LENGTH, sample_rate=SAMPLE_RATE
        )
        return AudioOutput(Audio(paused, SAMPLE_RATE))

    def cost(self, request: VocodeInput) -> float:
        return request.mel.shape[-1] * _HOP_LENGTH / SAMPLE_RATE if request.mel.ndim else 0.0

    def warm_up_request(self) -> VocodeInput:
        return VocodeInput(np.full((_N_MELS, 10), 0.1, np.float32))

    def footprint_bytes(self) -> int:
        return self._size
