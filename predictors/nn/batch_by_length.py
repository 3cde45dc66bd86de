"""Which items go through a network together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch


def packed(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Indices of items, alike in length, whose padded lengths add up to at most `most`.

    A longer item runs alone.
    """
    runs: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda one: -lengths[one]):
        if runs and lengths[runs[-1][0]] * (len(runs[-1]) + 1) <= most:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def generator(*seed: int) -> torch.Generator:
    """A source of noise of its own, on the CPU so that every device hears the same."""
    (state,) = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state) >> 1)
