"""Between main memory and the device: what a pass reads goes there without waiting, and what it has
made comes back in one wait. Imports torch.

A GPU works off what it was given while Python gives it more. A copy from ordinary memory, and any
question about a value (`.item()`, `bool(tensor)`), makes Python wait until the device is idle. So
passes copy by these functions alone, and ask for values by `to_host` alone. On a CPU they are plain
conversions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contract.tasks import FloatArray

Values = Tensor | NDArray[Any] | Sequence[int] | Sequence[float]


def to_device(values: Values, device: torch.device) -> Tensor:
    """The same numbers on the device, of the same type; they must not change meanwhile."""
    here = values if isinstance(values, Tensor) else torch.tensor(values)
    if device.type == "cuda" and here.device.type == "cpu":
        here = here.pin_memory()
    return here.to(device, non_blocking=True)


def batch_to_device(
    items: Sequence[FloatArray | Tensor], device: torch.device, *, least: int = 0
) -> tuple[Tensor, Tensor]:
    """Items (..., T_i) in main memory, stacked with zeros behind their ends: (B, ..., T) float32 on
    the device in one copy, at least `least` long, and lengths (B,) int64 on the CPU."""
    lengths = torch.tensor([item.shape[-1] for item in items])
    size = (len(items), *items[0].shape[:-1], max(least, int(lengths.max())))
    batch = torch.zeros(size, dtype=torch.float32, pin_memory=device.type == "cuda")
    for row, item in zip(batch.numpy(), items, strict=True):
        row[..., : item.shape[-1]] = np.asarray(item)
    return batch.to(device, non_blocking=True), lengths


def to_host(*values: Tensor) -> list[NDArray[Any]]:
    """All values in main memory, halves as float32, after one wait for the device."""
    copies = [_queued_copy(one.float() if one.is_floating_point() else one) for one in values]
    if values and values[0].is_cuda:
        torch.cuda.current_stream(values[0].device).synchronize()
    return [one.numpy() for one in copies]


def _queued_copy(value: Tensor) -> Tensor:
    if not value.is_cuda:
        return value.cpu()
    home = torch.empty(value.shape, dtype=value.dtype, pin_memory=True)
    return home.copy_(value, non_blocking=True)
