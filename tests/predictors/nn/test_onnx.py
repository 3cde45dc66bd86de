"""Which execution provider a device gets, and what a loaded graph keeps in memory."""

import subprocess
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


_TWO_MODELS = """
import ctypes
import numpy as np
from onnx import TensorProto, helper
from predictors.nn.onnx import OnnxModel

def model():
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [])
    nodes = [
        helper.make_node("Exp", ["x"], ["large"]),
        helper.make_node("ReduceSum", ["large"], ["y"], keepdims=0),
    ]
    graph = helper.make_graph(nodes, "g", [value], [result])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return OnnxModel(made.SerializeToString(), threads=1, providers=("CPUExecutionProvider",))

def resident():
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20

feed, small = ({"x": np.ones(size, np.float32)} for size in (24 << 20, 1))
models = model(), model()
for each in models:
    each.run(small, keeps_memory=True)
sizes = [resident()]
for each in models:
    each.run(feed, keeps_memory=True)
    sizes.append(resident())
models[0].trim_memory(small)
sizes.append(resident())
print(*(size - sizes[0] for size in sizes[1:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_models_keep_memory_for_each_other_and_not_each_its_own():
    done = subprocess.run(
        [sys.executable, "-c", _TWO_MODELS], capture_output=True, text=True, check=True
    )
    after_one, after_other, trimmed = (int(size) for size in done.stdout.split())
    assert after_one > 80  # 96 MB of "large" are kept for the next run
    assert after_other < after_one + 40  # which the other model's run takes up
    assert trimmed < 40  # and either gives back
