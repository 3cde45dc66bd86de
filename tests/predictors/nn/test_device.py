"""The type of numbers that an entry's `dtype` stands for, by device."""

import logging

import pytest
import torch

from contract.config import DType
from predictors.nn.device import fast_dtype

GPU, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "on_gpu", "on_cpu"),
    [
        ("auto", torch.float16, torch.float32),
        ("float32", torch.float32, torch.float32),
        ("float", torch.float32, torch.float32),
        ("bfloat16", torch.bfloat16, torch.bfloat16),
        ("half", torch.float16, torch.float32),
    ],
)
def test_auto_is_half_on_a_gpu_and_no_cpu_computes_in_float16(
    name: DType, on_gpu: torch.dtype, on_cpu: torch.dtype
) -> None:
    assert fast_dtype(name, GPU) is on_gpu
    assert fast_dtype(name, CPU) is on_cpu


def test_the_log_says_that_float16_became_float32(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fast_dtype("float16", CPU)
    assert "float32 is used" in caplog.text
