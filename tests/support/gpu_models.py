"""Synthetic models on a CUDA device, and what they hold of its memory."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import torch
from synthetic_models import SYNTHETIC_MODELS

from contract.config import DeviceConfig, ModelConfig
from predictors.runtime.registry import model_type_class
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings

CUDA = DeviceConfig(device="cuda")
TORCH_TYPES = tuple(
    kind for kind in SYNTHETIC_MODELS if kind not in {"KittenTTSSynthesizer", "KokoroSynthesizer"}
)
"""Those that torch runs on a GPU; what ONNX Runtime takes of its memory, torch does not count."""


def on_cuda(config: ModelConfig, **changes: Any) -> ModelConfig:
    return config.model_copy(update={"device_config": CUDA, **changes})


def small_entry(model_type: str, folder: Path) -> ModelConfig:
    """An entry for the device whose network has a few thousand weights, in full precision."""
    return on_cuda(SYNTHETIC_MODELS[model_type](folder), dtype="float32")


@asynccontextmanager
async def serving(*entries: ModelConfig) -> AsyncIterator[list[ModelRunner]]:
    """A runner for each entry, loaded, in one repository."""
    pool = ModelRepository(Settings(load_retry_s=3600))
    runners = [pool.add(entry, model_type_class(entry.model_type)) for entry in entries]
    try:
        for runner in runners:
            await runner.ensure_loaded()
        yield runners
    finally:
        await pool.aclose()


def used_bytes() -> int:
    """What torch's tensors take of the device now."""
    gc.collect()
    torch.cuda.synchronize()
    return torch.cuda.memory_allocated()
