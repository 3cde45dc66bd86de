"""Converted Whisper models: where they are found, and on what device and in what type they run."""

from __future__ import annotations

from dataclasses import dataclass

import ctranslate2

from contract.config import InvalidConfig, ModelConfig
from contract.errors import ModelFailed
from predictors.models.whisper.network import WhisperNetwork
from predictors.runtime.devices import worker_device
from predictors.runtime.model import Weights
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import resolve

_OWNERS = {
    "large": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
}
_SIZES = ("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en")
_LARGE = ("large-v1", "large-v2", "large-v3")
TAGS = _OWNERS | {tag: f"Systran/faster-whisper-{tag}" for tag in (*_SIZES, *_LARGE)}
"""Size tags → hub repositories."""

_REQUIRED = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")
FILES = (*_REQUIRED, "preprocessor_config.json")

_COMPUTE_TYPES = {"float16": "float16", "half": "float16", "bfloat16": "bfloat16"}
_BYTES_PER_WEIGHT = {"int8": 1, "int16": 2, "float16": 2, "bfloat16": 2, "float32": 4}
_STORED_BYTES_PER_WEIGHT = 2  # converted models are float16 on disk


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    compute_type: str = "auto"
    """CTranslate2's: int8, int8_float16, float16, float32 …; auto: int8 on a CPU, float16 on a GPU
    unless the entry's dtype asks for a half type."""
    cpu_threads: int = 0
    """0: OMP_NUM_THREADS, else at most 4."""
    short_windows: bool = True
    """Clips get an encoder window of their size. False: 30 s always, as Whisper was trained."""


def shared_whisper(config: ModelConfig, weights: Weights) -> tuple[WhisperNetwork, int]:
    """The network and the bytes that its weights take. Raises ModelFailed, InvalidConfig."""
    options = read_options(WhisperOptions, config)
    path = resolve(
        TAGS.get(config.model, config.model),
        revision=config.revision,
        allow=FILES,
        required=_REQUIRED,
    )
    device, index = _device(config)
    compute_type = _compute_type(config, options.compute_type, device)
    network = weights.share(
        ("whisper", path, device, index, compute_type, options.cpu_threads),
        lambda: WhisperNetwork(
            path,
            device=device,
            device_index=index,
            compute_type=compute_type,
            threads=options.cpu_threads,
        ),
    )
    width = _BYTES_PER_WEIGHT[compute_type.partition("_")[0]]
    stored_bytes = (path / "model.bin").stat().st_size
    return network, stored_bytes * width // _STORED_BYTES_PER_WEIGHT


def _device(config: ModelConfig) -> tuple[str, int]:
    wanted = worker_device(config.device_config)
    if wanted is None:
        return "cpu", 0
    index = int(wanted.partition(":")[2])
    if index < ctranslate2.get_cuda_device_count():
        return "cuda", index
    if config.device_config.device == "auto":
        return "cpu", 0
    raise ModelFailed(
        f"{config.name}: CTranslate2 sees no GPU {index}; check the driver, or set device to cpu"
    )


def _compute_type(config: ModelConfig, option: str, device: str) -> str:
    default = "int8" if device == "cpu" else "float16"
    chosen = option if option != "auto" else _COMPUTE_TYPES.get(config.dtype, default)
    supported = sorted(ctranslate2.get_supported_compute_types(device))
    if chosen not in supported:
        raise InvalidConfig(
            f"{config.name}: compute_type {chosen} does not run on this {device}; "
            f"use one of: {', '.join(supported)}"
        )
    return chosen
