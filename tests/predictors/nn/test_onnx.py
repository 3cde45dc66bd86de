"""Which execution provider a device gets."""

import pytest

from contract.config import DeviceConfig
from contract.errors import ModelFailed
from predictors.nn.onnx import onnx_providers

CPU = ["CPUExecutionProvider"]
BOTH = ["CUDAExecutionProvider", *CPU]


def test_cpu_is_the_cpu_even_beside_a_gpu():
    assert onnx_providers(DeviceConfig(device="cpu"), BOTH) == ("CPUExecutionProvider",)


def test_cuda_device_number_is_passed_on():
    first = onnx_providers(DeviceConfig(device="cuda:1"), BOTH)[0]
    assert first == ("CUDAExecutionProvider", {"device_id": 1})


def test_cuda_without_a_runtime_for_it_is_refused():
    with pytest.raises(ModelFailed, match="onnxruntime-gpu"):
        onnx_providers(DeviceConfig(device="cuda"), CPU)


def test_auto_without_a_runtime_for_it_is_the_cpu():
    assert onnx_providers(DeviceConfig(device="auto"), CPU) == ("CPUExecutionProvider",)
