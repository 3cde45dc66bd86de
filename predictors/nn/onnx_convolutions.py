"""Convolutions of bytes in an ONNX graph as products of matrices: the same numbers in half the
time.

ONNX Runtime lays the weights of a ConvInteger out anew in every run, and multiplies them as
unsigned bytes. A MatMulInteger's are laid out once, and as signed bytes they go through a
processor's dot-product instructions. All sums are integers, so nothing changes by a bit. Processors
without such instructions would let signed sums overflow; `predictors/nn/onnx.py` has them take
unsigned ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

Constants = dict[str, NDArray[Any]]

_FEWEST_CHANNELS = 16
"""Below, laying the input out costs more than it saves."""
_OPSET = 13
"""From which Pad takes bytes and Slice has its bounds as inputs."""
_TO_THE_END = np.iinfo(np.int64).max
_SIGN = np.uint8(0x80)


def multiply_convolutions(model: onnx.ModelProto) -> None:
    """Change one-dimensional ConvInteger nodes with constant weights; others stay as they are."""
    graph = model.graph
    if not any(
        one.domain in ("", "ai.onnx") and one.version >= _OPSET for one in model.opset_import
    ):
        return
    initializers = {one.name: one for one in graph.initializer}
    constants: Constants = {}
    nodes: list[NodeProto] = []
    for node in graph.node:
        found = _read(node, initializers)
        nodes += [node] if found is None else found.products(constants)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [one for one in graph.initializer if one.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in constants.items()
    )


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A ConvInteger that can be changed."""

    node: NodeProto
    weights: NDArray[np.uint8]
    """[channels out, channels in, width]"""
    zero: NDArray[np.uint8]
    """Of the weights; a scalar."""
    pads: tuple[int, int]
    stride: int
    dilation: int

    def products(self, constants: Constants) -> Iterator[NodeProto]:
        """Nodes with the same result, [1, channels out, frames]; what they share is added."""
        source, _, zero_point, _ = self.node.input
        name = self.node.output[0]
        width = self.weights.shape[2]
        by_frame = self.weights.transpose(2, 1, 0)
        constants[f"{name}/weights"] = _signed(by_frame.reshape(-1, len(self.weights)))
        constants[f"{name}/zero"] = _signed(self.zero)
        yield helper.make_node("Transpose", [source], [f"{name}/by_frame"], perm=[0, 2, 1])
        pads = _integers(constants, 0, self.pads[0], 0, 0, self.pads[1], 0)
        yield helper.make_node("Pad", [f"{name}/by_frame", pads, zero_point], [f"{name}/padded"])
        parts = [f"{name}/part_{number}" for number in range(width)]
        for number, part in enumerate(parts):
            first, last = number * self.dilation, (number + 1 - width) * self.dilation
            cut = [
                _integers(constants, one) for one in (first, last or _TO_THE_END, 1, self.stride)
            ]
            yield helper.make_node("Slice", [f"{name}/padded", *cut], [part])
        yield helper.make_node("Concat", parts, [f"{name}/frames"], axis=2)
        factors = [f"{name}/frames", f"{name}/weights", zero_point, f"{name}/zero"]
        yield helper.make_node("MatMulInteger", factors, [f"{name}/sums"])
        yield helper.make_node("Transpose", [f"{name}/sums"], [name], perm=[0, 2, 1])


def _read(node: NodeProto, initializers: Mapping[str, TensorProto]) -> _Convolution | None:
    if node.op_type != "ConvInteger" or len(node.input) != 4 or not node.input[2]:
        return None
    weights, zero = (initializers.get(node.input[number]) for number in (1, 3))
    if weights is None or zero is None or len(weights.dims) != 3 or np.prod(zero.dims) != 1:
        return None
    given = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    is_plain = given.get("auto_pad", b"NOTSET") == b"NOTSET" and given.get("group", 1) == 1
    is_of_bytes = weights.data_type == zero.data_type == TensorProto.UINT8
    if not is_plain or not is_of_bytes or weights.dims[0] < _FEWEST_CHANNELS:
        return None
    pads: Sequence[int] = given.get("pads", (0, 0))
    return _Convolution(
        node,
        numpy_helper.to_array(weights),
        numpy_helper.to_array(zero).reshape(()),
        (pads[0], pads[1]),
        given.get("strides", [1])[0],
        given.get("dilations", [1])[0],
    )


def _signed(values: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Less 128 each."""
    return np.bitwise_xor(values, _SIGN).view(np.int8)


def _integers(constants: Constants, *values: int) -> str:
    """The name of a constant of these values, which all convolutions share."""
    name = f"multiply_convolutions/{'_'.join(map(str, values))}"
    constants[name] = np.array(values, np.int64)
    return name
