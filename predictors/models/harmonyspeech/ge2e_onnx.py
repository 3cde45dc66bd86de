"""The GE2E speaker encoder on ONNX Runtime: for a CPU, without torch."""

from __future__ import annotations

from functools import partial

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from contract.tasks import FloatArray
from predictors.models.harmonyspeech.ge2e import GE2E
from predictors.nn.onnx import OnnxModel

_OPSET, _IR_VERSION = 17, 8
"""What every ONNX Runtime since 1.14 reads."""
_WINDOWS_A_PASS = 64
"""More are no faster a window, and take more memory."""
_FEW_WINDOWS = 4
"""Up to which a second thread costs more than it saves: three windows take 14 ms of the processor
with one thread, 24 with two; eight take as much with either."""


class GE2EOnnx:
    """Three layers of LSTM as a graph; the last matrix, small, stays in numpy. Thread-safe."""

    def __init__(self, network: GE2E) -> None:
        self.config = network.config
        self.linear = {name: network.weights[f"linear.{name}"] for name in ("weight", "bias")}
        self.size_bytes = sum(one.nbytes for one in network.weights.values())
        load = partial(OnnxModel, _graph(network), providers=("CPUExecutionProvider",))
        self._lstm, self._lstm_of_few = load(threads=0), load(threads=1)

    def __call__(self, windows: FloatArray) -> FloatArray:
        parts = range(0, len(windows), _WINDOWS_A_PASS)
        lstm = self._lstm_of_few if len(windows) <= _FEW_WINDOWS else self._lstm
        hidden = [lstm.run({"windows": windows[n : n + _WINDOWS_A_PASS]})[0][0] for n in parts]
        made = np.concatenate(hidden) @ self.linear["weight"].T + self.linear["bias"]
        made = np.maximum(made, 0)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        return np.asarray(made / np.where(lengths == 0, 1, lengths), np.float32)

    def damaged(self) -> str | None:
        """Only of the last matrix: ONNX Runtime's LSTM clips what is not finite."""
        names = (name for name, one in self.linear.items() if not np.isfinite(one).all())
        return next((f"linear.{name}" for name in names), None)


def _graph(network: GE2E) -> bytes:
    """windows [n, frames, n_mels] -> the last layer's last state [1, n, cells]."""
    config, last = network.config, network.config.model_num_layers - 1
    nodes = [helper.make_node("Transpose", ["windows"], ["rows_0"], perm=[1, 0, 2])]
    weights = [numpy_helper.from_array(np.array([1]), "directions")]
    for layer in range(config.model_num_layers):
        nodes += _layer(layer, config.model_hidden_size)
        weights += _weights(network, layer)
    sizes: list[str | int | None] = ["n", "frames", config.mel_n_channels]
    graph = helper.make_graph(
        nodes,
        "ge2e",
        [helper.make_tensor_value_info("windows", TensorProto.FLOAT, sizes)],
        [helper.make_tensor_value_info(f"hidden_{last}", TensorProto.FLOAT, [1, "n", None])],
        weights,
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def _layer(layer: int, cells: int) -> list[NodeProto]:
    inputs = [f"rows_{layer}", *(f"{name}_{layer}" for name in ("input", "recurrent", "bias"))]
    outputs = [f"states_{layer}", f"hidden_{layer}"]
    return [
        helper.make_node("LSTM", inputs, outputs, hidden_size=cells),
        helper.make_node("Squeeze", [outputs[0], "directions"], [f"rows_{layer + 1}"]),
    ]


def _weights(network: GE2E, layer: int) -> list[TensorProto]:
    """The weights of a layer, with a leading axis for the one direction."""
    into, own, bias, own_bias = (
        _in_onnx_order(network.weights[f"lstm.{name}_l{layer}"])
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    named = {"input": into, "recurrent": own, "bias": np.concatenate([bias, own_bias])}
    return [
        numpy_helper.from_array(weight[None], f"{name}_{layer}") for name, weight in named.items()
    ]


def _in_onnx_order(rows: FloatArray) -> FloatArray:
    """torch's gates (input, forget, cell, output) as ONNX wants them: input, output, forget, cell
    (https://onnx.ai/onnx/operators/onnx__LSTM.html)."""
    into, forget, cell, out = np.split(rows, 4)
    return np.concatenate([into, out, forget, cell])
