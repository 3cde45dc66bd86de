"""The synthetic weights and recorded results that parity tests share."""

from pathlib import Path
from typing import Any

import numpy as np
import synth_fill
import torch
from torch import Tensor

PARITY = Path(__file__).parents[1] / "data" / "parity"


def golden_state(name: str, *, prefix: str = "") -> dict[str, Tensor]:
    """State dict under public names for state_dicts/<name>.txt, filled by the recorded rule.

    Filling takes time: `prefix` leaves out the keys that do not start with it.
    """
    lines = (PARITY / "state_dicts" / f"{name}.txt").read_text().splitlines()
    entries = [line.split() for line in lines if line.startswith(prefix)]
    return {key: _filled(key, shape, dtype) for key, shape, dtype in entries}


def golden(name: str) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of parity/<name>.npz."""
    with np.load(PARITY / f"{name}.npz") as arrays:
        return dict(arrays)


def _filled(key: str, shape: str, dtype: str) -> Tensor:
    sizes = () if shape == "scalar" else tuple(map(int, shape.split("x")))
    return torch.from_numpy(np.asarray(synth_fill.fill(key, sizes, dtype)))
