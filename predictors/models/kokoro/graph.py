"""Two changes to Kokoro's ONNX graph before it is run."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper

from predictors.models.kokoro.network import DURATIONS
from predictors.nn.onnx_convolutions import multiply_convolutions
from predictors.nn.onnx_files import read_model


def runnable(path: Path) -> bytes:
    """The graph as it is run. Raises ModelFailed when the file is no ONNX model.

    Its convolutions of bytes become products of matrices. The frames of each symbol, which its only
    Round rounds, become one more output; without exactly one Round they stay unknown.
    """
    model = read_model(path, "the model")
    multiply_convolutions(model)
    rounded = [node.input[0] for node in model.graph.node if node.op_type == "Round"]
    if len(rounded) == 1:
        model.graph.node.append(helper.make_node("Identity", rounded, [DURATIONS]))
        value = helper.make_tensor_value_info(DURATIONS, TensorProto.FLOAT, None)
        model.graph.output.append(value)
    return bytes(model.SerializeToString())
