"""Convolutions of bytes: the changed graph gives the same integers, whatever their shape."""

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from predictors.nn.onnx import OnnxModel
from predictors.nn.onnx_convolutions import multiply_convolutions

FRAMES = 50
SHAPES: list[dict[str, Any]] = [
    {"width": 1},
    {"width": 3, "pads": [1, 1]},
    {"width": 11, "pads": [25, 25], "dilations": [5]},
    {"width": 12, "pads": [3, 3], "strides": [6]},
    {"width": 4, "pads": [0, 5], "dilations": [2], "strides": [3]},
]


def graph(*, width: int, channels: int = 24, opset: int = 20, **attributes: Any) -> onnx.ModelProto:
    """A ConvInteger of 20 channels to `channels`, with weights of the whole range."""
    rows = 20 // attributes.get("group", 1)
    weights = np.random.default_rng(width).integers(0, 256, (channels, rows, width), np.uint8)
    zero = np.array(67, np.uint8)
    node = helper.make_node("ConvInteger", ["x", "weights", "x_zero", "zero"], ["y"], **attributes)
    made = helper.make_graph(
        [node],
        "convolution",
        [
            helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 20, None]),
            helper.make_tensor_value_info("x_zero", TensorProto.UINT8, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.INT32, None)],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(zero, "zero")],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def result(model: onnx.ModelProto) -> NDArray[np.int32]:
    """As this project runs every graph."""
    session = OnnxModel(model.SerializeToString(), threads=1, providers=("CPUExecutionProvider",))
    sound = np.random.default_rng(1).integers(0, 256, (1, 20, FRAMES), np.uint8)
    (made,) = session.run({"x": sound, "x_zero": np.array(131, np.uint8)})
    return np.asarray(made)


@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_the_convolution_to_the_last_bit(shape: dict[str, Any]) -> None:
    plain, changed = graph(**shape), graph(**shape)
    multiply_convolutions(changed)
    assert "ConvInteger" not in {node.op_type for node in changed.graph.node}
    np.testing.assert_array_equal(result(changed), result(plain))


def test_two_convolutions_of_one_input_do_not_mix() -> None:
    plain, changed = (graph(width=3, pads=[1, 1]) for _ in range(2))
    for model in (plain, changed):
        first = model.graph.node[0]
        second = helper.make_node("ConvInteger", first.input, ["z"], kernel_shape=[3], pads=[2, 0])
        total = helper.make_node("Add", ["y", "z"], ["sum"])
        model.graph.node.extend([second, total])
        model.graph.output[0].name = "sum"
    multiply_convolutions(changed)
    np.testing.assert_array_equal(result(changed), result(plain))


@pytest.mark.parametrize(
    "shape",
    [
        {"width": 3, "group": 2},
        {"width": 3, "channels": 1},
        {"width": 3, "auto_pad": "SAME_UPPER"},
        {"width": 3, "opset": 12},
    ],
)
def test_others_stay_as_they_are(shape: dict[str, Any]) -> None:
    model = graph(**shape)
    before = model.SerializeToString()
    multiply_convolutions(model)
    assert model.SerializeToString() == before
