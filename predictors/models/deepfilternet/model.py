"""DeepFilterNet: takes noise out of recordings of speech, at 48 kHz. ONNX only, no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import InvalidConfig, ModelConfig
from contract.errors import ModelFailed
from contract.tasks import AudioOutput, FloatArray, RestoreAudioInput, Task
from predictors.models.deepfilternet.network import DeepFilterNetwork, Excerpt, read_parts
from predictors.models.deepfilternet.spectrum import (
    HOP,
    SAMPLE_RATE,
    Listener,
    Spectrum,
    analysed,
    padded,
)
from predictors.nn.audible import audible
from predictors.nn.mastering import limit_peak
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import resolve

_DTYPES = ("float32", "float", "auto")
_MIN_SAMPLES = SAMPLE_RATE // 10
_EXCERPT_HOPS = 3_000
"""30 s: what one run takes, so that a long recording needs no more memory than a short one."""
_HEARD_BEFORE = 800
"""8 s before an excerpt, so that the network remembers of voice and noise what it would in one
run: 45 dB between the two in noisy speech, with 4 s 23 dB."""
_HEARD_AFTER = 4
"""Frames that features and filter look ahead."""


@dataclass(frozen=True, slots=True)
class DeepFilterOptions:
    threads: int = 1
    """Threads of one run; 0: OMP_NUM_THREADS, else at most 4."""


class DeepFilterNet(Model[RestoreAudioInput, AudioOutput]):
    """Speech without its noise, at 48 kHz, as long as it was; other rates are resampled.

    `model` is DeepFilterNet3_onnx.tar.gz, or a directory with its enc.onnx, erb_dec.onnx and
    df_dec.onnx. Recordings may be of any length: excerpts of 30 s are cleaned one by one.
    """

    spec = ModelSpec(
        Task.RESTORE_AUDIO,
        packages=("onnxruntime",),
        extra="whisper",
        image="whisper",
        cuda=False,
        options=DeepFilterOptions,
        loads_ahead=True,
        license="MIT or Apache-2.0",
    )
    is_padded = False
    max_batch_cost = float(_EXCERPT_HOPS)

    def __init__(self, network: DeepFilterNetwork, size_bytes: int) -> None:
        self.network, self.size_bytes = network, size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        if config.dtype not in _DTYPES:
            raise InvalidConfig(f"{config.name}: DeepFilterNet runs in float32; remove dtype")
        threads = read_options(DeepFilterOptions, config).threads
        path = resolve(config.model, revision=config.revision)
        network = weights.share(
            ("deepfilternet", path, threads),
            lambda: DeepFilterNetwork(read_parts(path), threads=threads),
        )
        return cls(network, network.size_bytes)

    def prepare(self, request: RestoreAudioInput) -> Prepared[int]:
        samples = audible(request.audio, SAMPLE_RATE, min_samples=_MIN_SAMPLES)
        units = [Unit(one, float(one.hops)) for one in _excerpts(padded(samples))]
        return Prepared(units, len(samples))

    def run(self, batch: Sequence[Excerpt]) -> list[FloatArray]:
        return [self.network.clean(one) for one in batch]

    def finish(self, prepared: Prepared[int], results: Sequence[FloatArray]) -> AudioOutput:
        sound = np.concatenate(results)[: prepared.context]
        if not np.isfinite(sound).all():
            raise ModelFailed("the network gave no finite sound for this audio")
        return AudioOutput(Audio(limit_peak(sound), SAMPLE_RATE))

    def trim_memory(self) -> None:
        self.network.trim_memory()

    def warm_up_request(self) -> RestoreAudioInput:
        tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE)
        return RestoreAudioInput(Audio(tone.astype(np.float32), SAMPLE_RATE))


def _excerpts(samples: FloatArray) -> Iterator[Excerpt]:
    """The recording in order; `samples` are padded. Frame n lies on hops n and n + 1."""
    frames = len(samples) // HOP - 1
    levels, low_bins = _features(samples, frames)
    for first in range(0, frames - 1, _EXCERPT_HOPS):
        hops = min(_EXCERPT_HOPS, frames - 1 - first)
        begin = max(first - _HEARD_BEFORE, 0)
        end = min(first + hops + 1 + _HEARD_AFTER, frames)
        yield Excerpt(
            samples[begin * HOP : (end + 1) * HOP],
            levels[begin:end],
            low_bins[begin:end],
            first - begin,
            hops,
        )


def _features(samples: FloatArray, frames: int) -> tuple[FloatArray, Spectrum]:
    listener = Listener()
    parts = [
        listener.features(analysed(samples[at * HOP : (min(at + _EXCERPT_HOPS, frames) + 1) * HOP]))
        for at in range(0, frames, _EXCERPT_HOPS)
    ]
    levels, low_bins = zip(*parts, strict=True)
    return np.concatenate(levels), np.concatenate(low_bins)
