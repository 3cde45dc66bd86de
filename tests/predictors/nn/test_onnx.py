"""Which execution provider a device gets, and what a loaded graph keeps in memory."""

import sys

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnxruntime import OrtValue

from contract.config import DeviceConfig
from contract.errors import ModelFailed
from predictors.nn.onnx import OnnxModel, onnx_providers

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


def test_a_graph_that_was_given_as_bytes_runs_without_them():
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [value], [result])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    content = made.SerializeToString()
    before = sys.getrefcount(content)
    model = OnnxModel(content, threads=1, providers=("CPUExecutionProvider",))
    assert sys.getrefcount(content) == before
    (negative,) = model.run({"x": np.array([2, -3], np.float32)})
    np.testing.assert_array_equal(negative, np.array([-2, 3], np.float32))


@pytest.mark.parametrize(
    ("providers", "factor"),
    [(("CPUExecutionProvider",), 3), (("AzureExecutionProvider", "CPUExecutionProvider"), 2)],
    ids=["shared on a CPU", "its own elsewhere"],
)
def test_weights_are_shared_on_a_cpu_only(providers: tuple[str, ...], factor: float):
    """A session on another device would take these, in main memory, for its own."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])
    own = helper.make_tensor("weight", TensorProto.FLOAT, [1], [2.0])
    node = helper.make_node("Mul", ["x", "weight"], ["y"])
    graph = helper.make_graph([node], "g", [value], [result], [own])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    given = {"weight": OrtValue.ortvalue_from_numpy(np.array([3], np.float32))}
    model = OnnxModel(made.SerializeToString(), threads=1, providers=providers, weights=given)
    (product,) = model.run({"x": np.array([1, 2], np.float32)})
    np.testing.assert_array_equal(product, np.array([1, 2], np.float32) * factor)
