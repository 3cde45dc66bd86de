"""Half precision where it pays: the big convolutional parts of VITS, not its clockwork."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_BIG_PARTS = ("enc_q", "flow", "dec")


class ReducedPrecision(nn.Module):
    """Runs a module with weights and sums in `dtype`; float32 goes in and comes out."""

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.module, self.dtype = module.to(dtype), dtype

    def forward(self, *values: Any, **options: Any) -> Any:
        """As the module's own; integers, such as lengths, pass unchanged."""
        return _widened(self.module(*(_cast(value, self.dtype) for value in values), **options))


def reduce_precision(network: nn.Module, dtype: torch.dtype) -> None:
    """Turn what holds nearly all weights, and does nearly all the work, to `dtype`, in place.

    Text encoder, durations and speaker embeddings stay in float32: they cost little, and a rounded
    duration or voice is heard.
    """
    if dtype is torch.float32:
        return
    for name in _BIG_PARTS:
        part = getattr(network, name, None)
        if part is not None:
            setattr(network, name, ReducedPrecision(part, dtype))


def _cast(value: Any, dtype: torch.dtype) -> Any:
    return value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value


def _widened(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_widened(one) for one in result)
    return _cast(result, torch.float32)
