"""The type of numbers that an entry's `dtype` stands for, by device."""

import logging

import pytest
import torch

from contract.config import DType
from predictors.nn.device import fast_dtype, most_cost, share_of_memory

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


GIB = 1 << 30


@pytest.mark.parametrize(("memory_gib", "times"), [(141, 141 / 16), (16, 1), (8, 1), (32, 2)])
def test_a_pass_grows_with_the_devices_memory_and_never_below_a_cpus(
    memory_gib: int, times: float
) -> None:
    assert share_of_memory(6300, GIB, memory_gib * GIB) == pytest.approx(6300 * times)


def test_a_cpu_takes_the_cost_as_it_is() -> None:
    assert most_cost(6300, GIB, CPU) == 6300
