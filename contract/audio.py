"""Mono float32 audio: decode any container within bounds, encode six formats, resample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """`samples` is float32 [n], nominally within [-1, 1]; `sample_rate` is in Hz."""

    samples: NDArray[np.float32]
    sample_rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate
