"""KittenTTSSynthesizer: KittenTTS nano, micro and mini, eight English voices, in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import onnxruntime

from contract.audio.codec import Audio
from contract.config import InvalidConfig, ModelConfig
from contract.errors import InvalidRequest, ModelFailed
from contract.tasks import AudioOutput, FloatArray, SynthesizeInput, SynthesizeOutput, Task
from predictors.models.kitten.voices import CONFIG, Voices, read_directory
from predictors.nn.kept_graphs import AS_PUBLISHED, kept_graph
from predictors.nn.onnx import OnnxModel, onnx_providers
from predictors.nn.tempo import Recording
from predictors.nn.text_errors import text_errors
from predictors.nn.unsupported import refuse_given
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import resolve
from predictors.text.kitten import Chunk, read_chunks

SAMPLE_RATE = 24_000
_TAIL_SAMPLES = 5000
"""Noise behind every recording (KittenML/KittenTTS, kittentts/onnx_model.py)."""
_SPEEDS = (0.5, 2.0)
"""Beyond these the recording is stretched instead."""
_INPUTS = {"input_ids", "style", "speed"}


@dataclass(frozen=True, slots=True)
class KittenOptions:
    threads: int = 0
    """Threads of one run; 0: OMP_NUM_THREADS, else at most 4."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """At most one sentence of one request."""

    ids: tuple[int, ...]
    style: FloatArray
    """(256,)"""
    speed: float
    prior: float
    """The voice's own tempo for the network."""


@dataclass(frozen=True, slots=True)
class Loaded:
    network: OnnxModel
    voices: Voices
    size_bytes: int


class KittenTTSSynthesizer(Model[SynthesizeInput, AudioOutput]):
    """Speaks English at 24 kHz with one of the voices of a KittenTTS directory.

    The model draws nothing at random, so `seed` changes nothing. A run takes one chunk: the
    exports have one row.
    """

    spec = ModelSpec(
        Task.SYNTHESIZE,
        packages=("onnxruntime", "espeakng_loader"),
        extra="kitten",
        image="piper",
        cuda=False,  # the images have the onnxruntime without CUDA; with onnxruntime-gpu it runs
        options=KittenOptions,
        license="Apache-2.0; espeak-ng GPL-3.0-or-later",
    )

    def __init__(self, config: ModelConfig, loaded: Loaded) -> None:
        self._config, self._loaded = config, loaded
        self.size_bytes = loaded.size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        options = read_options(KittenOptions, config)
        allow = [CONFIG, "*.onnx", "voices.npz"]
        folder = resolve(config.model, revision=config.revision, allow=allow)
        path, voices = read_directory(folder)
        providers = onnx_providers(config.device_config, onnxruntime.get_available_providers())

        def build() -> Loaded:
            graph = kept_graph(path, AS_PUBLISHED, providers)
            network = graph.load(threads=options.threads)
            if network.inputs != _INPUTS:
                raise ModelFailed("the ONNX model has other inputs than a KittenTTS model")
            return Loaded(network, voices, path.stat().st_size)

        loaded = weights.share(("kitten", path, options.threads, str(providers)), build)
        unknown = [name for name in config.voices if name not in voices.names]
        if unknown:
            raise InvalidConfig(
                f"{config.name}: voices names {unknown[0]!r}, which is not among the model's; "
                f"it has: {', '.join(voices.names)}"
            )
        return cls(config, loaded)

    def prepare(self, request: SynthesizeInput) -> Prepared[float]:
        """A unit per chunk, each alone in its pass."""
        refuse_given(request, "sdp_ratio", "noise_scale", "noise_scale_w", by="KittenTTS")
        self._refuse_other_languages(request)
        voices = self._loaded.voices
        voice = voices.find(request.voice or [*self._config.voices, *voices.names][0])
        prior = voices.speed_priors.get(voice, 1.0)
        with text_errors():
            chunks = read_chunks(request.text)
        units = [_unit(chunk, voices.styles[voice], request.speed, prior) for chunk in chunks]
        return Prepared(units, request.speed)

    def run(self, batch: Sequence[Piece]) -> list[Recording]:
        return [self._run(piece) for piece in batch]

    def finish(self, prepared: Prepared[float], results: Sequence[Recording]) -> AudioOutput:
        samples = [recording.at_tempo(SAMPLE_RATE) for recording in results]
        return SynthesizeOutput(Audio(np.concatenate(samples).clip(-1, 1), SAMPLE_RATE))

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput("Good morning. This is a test.")

    def _run(self, piece: Piece) -> Recording:
        speed = float(np.clip(piece.speed, *_SPEEDS))
        feed: dict[str, Any] = {
            "input_ids": np.array([piece.ids], np.int64),
            "style": piece.style[None],
            "speed": np.array([speed * piece.prior], np.float32),
        }
        audio = self._loaded.network.run(feed)[0]
        samples = np.asarray(audio, np.float32).reshape(-1)
        return Recording(samples[:-_TAIL_SAMPLES], piece.speed / speed)

    def _refuse_other_languages(self, request: SynthesizeInput) -> None:
        own = (self._config.language or "en").lower()
        asked = (request.language or own).lower()
        if asked != own and asked.replace("_", "-").partition("-")[0] not in ("en", "a", "b"):
            raise InvalidRequest(
                f"this voice speaks English, not {request.language!r}; pick another model",
                param="language",
            )


def _unit(chunk: Chunk, styles: FloatArray, speed: float, prior: float) -> Unit[Piece]:
    piece = Piece(chunk.ids, styles[chunk.row], speed, prior)
    return Unit(piece, len(chunk.ids), is_alone=True)
