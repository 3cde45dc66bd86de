"""Where a torch model runs, in which precision, and how big it is. Imports torch."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import chain

import torch
from torch import nn

from contract.config import DeviceConfig, DType
from contract.errors import ModelFailed
from predictors.runtime.devices import worker_device

logger = logging.getLogger(__name__)

_MODELS_AND_THEIR_PASSES = 16
"""A device has room for so many passes: a toolchain's five models and their weights share it."""

_DTYPES: Mapping[str, torch.dtype] = {
    "float": torch.float32,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "half": torch.float16,
}


def fast_dtype(name: DType, device: torch.device) -> torch.dtype:
    """The type that `name` stands for on the device; auto: float16 on a GPU, where every torch
    model type came within 1.2 % of float32 (docs/models.md, `dtype`), else float32.

    A CPU gets float32 for float16, and the log says so: without float16 arithmetic it emulates it,
    big convolutions at a twentieth of the speed of float32, where bfloat16 is as fast.
    """
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.float16
    dtype = _DTYPES[name]
    if dtype is torch.float16 and device.type == "cpu":
        logger.warning("float16 is slow on a CPU, so float32 is used; bfloat16 would save memory")
        return torch.float32
    return dtype


def torch_device(config: DeviceConfig) -> torch.device:
    """The device of an entry; `auto` is the GPU where this torch can use one.

    Raises ModelFailed when a GPU is asked for that this torch cannot use.
    """
    wanted = worker_device(config)
    if wanted is None:
        return torch.device("cpu")
    device = torch.device(wanted)
    if torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count():
        return device
    if config.device == "auto":
        return torch.device("cpu")
    raise ModelFailed(
        f"torch has no device {config.device}; install a CUDA build of torch, correct the number, "
        "or set device to cpu"
    )


def most_cost(cost: float, activations_bytes: int, device: torch.device) -> float:
    """Most cost in one pass: `cost`, whose activations take so many bytes; on a GPU, as much as a
    sixteenth of its memory holds, if that is more."""
    if device.type != "cuda":
        return cost
    memory_bytes = torch.cuda.get_device_properties(device).total_memory
    return share_of_memory(cost, activations_bytes, memory_bytes)


def share_of_memory(cost: float, activations_bytes: int, memory_bytes: int) -> float:
    return cost * max(1.0, memory_bytes / _MODELS_AND_THEIR_PASSES / activations_bytes)


def size_bytes(module: nn.Module) -> int:
    """Memory of a module's parameters and buffers."""
    values = chain(module.parameters(), module.buffers())
    return sum(value.numel() * value.element_size() for value in values)


def first_damaged(module: nn.Module) -> str | None:
    """Name of the first parameter or buffer that holds NaN or infinity."""
    values = chain(module.named_parameters(), module.named_buffers())
    return next((name for name, value in values if not bool(torch.isfinite(value).all())), None)
