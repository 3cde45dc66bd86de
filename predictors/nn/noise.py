"""Noise that depends on a seed and on nothing else."""

from __future__ import annotations

import numpy as np
import torch


def generator(*seed: int) -> torch.Generator:
    """A source of noise of its own, on the CPU so that every device hears the same."""
    (state,) = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state) >> 1)
