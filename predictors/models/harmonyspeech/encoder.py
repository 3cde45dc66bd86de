"""Harmony Speech's encoder: hears whose voice a recording is in. Torch only on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.embedding import HARMONYSPEECH, Embedding
from contract.errors import ModelFailed
from contract.tasks import EmbedSpeakerInput, EmbedSpeakerOutput, FloatArray, Task
from predictors.models.harmonyspeech.encoding import MAX_RUN_WINDOWS, SpeakerEncoder
from predictors.models.harmonyspeech.ge2e import Network, read_ge2e
from predictors.models.harmonyspeech.ge2e_frontend import (
    HARMONY_STEP_FRAMES,
    RESEMBLYZER_STEP_FRAMES,
    SAMPLE_RATE,
)
from predictors.models.harmonyspeech.ge2e_onnx import GE2EOnnx
from predictors.models.harmonyspeech.places import LICENSE, find_part
from predictors.nn.checkpoint_errors import CheckpointError
from predictors.runtime.devices import worker_device
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import NoOptions, read_options

_FULL_PRECISION = ("auto", "float", "float32")


class HarmonySpeechEncoder(Model[EmbedSpeakerInput, EmbedSpeakerOutput]):
    """Hears whose voice a recording is in: one unit vector, of 768 numbers in the public release.

    `model` is harmony-ai/harmony-speech-v1, a directory of its layout, or the weight file of a
    GE2E encoder without a config.json, as Resemblyzer ships one (256 numbers). A CPU needs no
    torch; a GPU, and 16-bit weights, do.
    """

    spec = ModelSpec(
        Task.EMBED_SPEAKER,
        packages=("onnx", "onnxruntime", "webrtcvad"),
        extra="speakers",
        image="whisper",
        license=LICENSE,
    )
    max_batch_cost = MAX_RUN_WINDOWS
    is_padded = False

    def __init__(self, encoder: SpeakerEncoder) -> None:
        self.encoder, self.size_bytes = encoder, encoder.network.size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        place = find_part(config, "encoder")
        step = RESEMBLYZER_STEP_FRAMES if place.is_file() else HARMONY_STEP_FRAMES
        return cls(SpeakerEncoder(_network(config, weights, place), step))

    def prepare(self, request: EmbedSpeakerInput) -> Prepared[None]:
        windows = self.encoder.windows(request.audio, request.segments)
        runs = np.split(windows, range(MAX_RUN_WINDOWS, len(windows), MAX_RUN_WINDOWS))
        return Prepared([Unit(run, len(run)) for run in runs], None)

    def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
        return self.encoder.vectors(batch)

    def finish(self, prepared: Prepared[None], results: Sequence[FloatArray]) -> EmbedSpeakerOutput:
        voice = self.encoder.voice(np.concatenate(results))
        return EmbedSpeakerOutput(Embedding(HARMONYSPEECH, voice))

    def warm_up_request(self) -> EmbedSpeakerInput:
        return EmbedSpeakerInput(_hum())


def _network(config: ModelConfig, weights: Weights, place: Path) -> Network:
    """In torch where the entry asks for what only torch can do."""
    is_on_gpu = worker_device(config.device_config) is not None
    is_halved = config.dtype not in _FULL_PRECISION
    if not find_spec("torch"):
        if config.device_config.device not in ("auto", "cpu") or is_halved:
            raise ModelFailed(
                f"{config.model_type} needs torch on a GPU and for 16-bit weights; install it "
                "(pip install 'harmony-speech[torch]'), or set device to cpu and dtype to float32"
            )
        is_on_gpu = False
    if is_on_gpu or is_halved:
        from predictors.models.harmonyspeech.ge2e_torch import shared_ge2e

        return shared_ge2e(config, weights, place)
    key = (config.model_type, place.resolve(), "onnx")
    return weights.share(key, lambda: _read(place, config.model_type))


def _read(place: Path, family: str) -> GE2EOnnx:
    try:
        network = read_ge2e(place, family)
    except CheckpointError as exc:
        raise ModelFailed(f"{family}: {exc}") from exc
    damaged = network.damaged()
    if damaged is not None:
        raise ModelFailed(f"{family}: {damaged} holds NaN or infinity; download the weights again")
    return GE2EOnnx(network)


def _hum() -> Audio:
    """Two seconds that a speech detector takes for a voice: the harmonics of 150 Hz."""
    time_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    harmonics = [np.sin(2 * np.pi * 150 * k * time_s) / k for k in range(1, 20)]
    return Audio((0.3 * np.sum(harmonics, axis=0)).astype(np.float32), SAMPLE_RATE)
