"""Clean mels to 44.1 kHz audio by TFGAN."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from contract.tasks import FloatArray
from predictors.models.voicefixer.tfgan import TFGAN
from predictors.nn.transfer import to_host
from predictors.nn.vocoding import WindowSizes

WINDOWS = WindowSizes(frames=3000, context=100)
"""30 s, what the original speaks at a time, and 1 s on either side; what lies further off hardly
matters."""
MAX_RUN_FRAMES = 3200
"""Padded frames in one pass on a CPU: one long window."""
RUN_BYTES = 1_700 << 20
"""The activations of so many frames."""


def waves(network: TFGAN, mels: Sequence[FloatArray]) -> list[FloatArray]:
    """One padded pass: mels [128, T_i] to waves of at least T_i * hop_length samples.

    The original crops what it adds to the end from both ends alike, which moves speech 25 ms to
    the front and loses that much of its start; here frame 0 stays at 0 s.
    """
    with torch.inference_mode():
        return to_host(*network(mels))


def reduce_tfgan(network: TFGAN, dtype: torch.dtype) -> None:
    """Weights and sums in `dtype`; the decibels that go in stay in float32."""

    def cast(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(value.to(dtype) for value in inputs)

    network.condnet.to(dtype)
    network.generator.to(dtype)
    network.condnet["0"].register_forward_pre_hook(cast)
