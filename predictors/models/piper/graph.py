"""Two changes to a Piper voice's ONNX graph, made in memory before it is run.

As exported, the graph draws its noise inside (RandomNormalLike): ONNX Runtime seeds that once per
session, so a request cannot have a seed of its own, and a recording in a batch gets other noise
than alone. And it tells only the length of the longest recording of a batch. So:

- each RandomNormalLike is replaced by an input `noise_0`, `noise_1` … [batch, any], read frame by
  frame and from the start again when it runs out: frame t of a recording is the same whatever
  the batch is padded to;
- the frames that each phoneme should last (what the graph's one Ceil rounds up) become an output:
  rounded up, their sum is the recording's length.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from onnx import NodeProto, TensorProto, helper

from contract.errors import ModelFailed
from predictors.models.piper.network import NOISE
from predictors.nn.onnx_files import read_model

_ZERO, _ONE, _TWO = "seeded/zero", "seeded/one", "seeded/two"
_CONSTANTS = {_ZERO: [0], _ONE: [1], _TWO: [2]}


def seedable(path: Path) -> bytes:
    """The changed graph; its durations are its last output. Raises ModelFailed when the file is no
    Piper voice."""
    model = read_model(path, "the voice")
    graph = model.graph
    drawn = 0
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.op_type != "RandomNormalLike":
            nodes.append(node)
            continue
        name = f"{NOISE}{drawn}"
        drawn += 1
        nodes += _read_noise(name, like=node.input[0], output=node.output[0])
        graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None]))
    _output_durations(graph)
    del graph.node[:]
    graph.node.extend(nodes)
    for name, value in _CONSTANTS.items():
        graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [1], value))
    return bytes(model.SerializeToString())


def _read_noise(noise: str, *, like: str, output: str) -> list[NodeProto]:
    """Nodes that lay `noise` [batch, any] out as [batch, channels, frames], the shape of `like`."""

    def step(operation: str, *inputs: str, to: str, **attributes: Any) -> NodeProto:
        made: NodeProto = helper.make_node(operation, list(inputs), [to], **attributes)
        return made

    def name(part: str) -> str:
        return f"{noise}/{part}"

    return [
        step("Shape", like, to=name("shape")),  # [batch, channels, frames]
        step("Gather", name("shape"), _ZERO, to=name("batch"), axis=0),
        step("Gather", name("shape"), _ONE, to=name("channels"), axis=0),
        step("Gather", name("shape"), _TWO, to=name("frames"), axis=0),
        step("Mul", name("channels"), name("frames"), to=name("total_1")),
        step("Shape", noise, to=name("given")),
        step("Gather", name("given"), _ONE, to=name("size_1"), axis=0),
        # One-element tensors to scalars, in a way that all opsets share.
        step("ReduceProd", name("total_1"), to=name("total"), keepdims=0),
        step("ReduceProd", name("size_1"), to=name("size"), keepdims=0),
        step("ReduceProd", _ZERO, to=name("from"), keepdims=0),
        step("ReduceProd", _ONE, to=name("by"), keepdims=0),
        step("Range", name("from"), name("total"), name("by"), to=name("count")),
        step("Mod", name("count"), name("size"), to=name("places")),
        step("Gather", noise, name("places"), to=name("flat"), axis=1),  # [batch, frames*channels]
        step("Concat", name("batch"), name("frames"), name("channels"), to=name("order"), axis=0),
        step("Reshape", name("flat"), name("order"), to=name("by_frame")),
        step("Transpose", name("by_frame"), to=output, perm=[0, 2, 1]),
    ]


def _output_durations(graph: onnx.GraphProto) -> None:
    ceilings = [node.input[0] for node in graph.node if node.op_type == "Ceil"]
    if len(ceilings) != 1:
        raise ModelFailed("the voice's ONNX model tells no durations; it is no Piper voice")
    kept = [output for output in graph.output if output.name != ceilings[0]]
    del graph.output[:]
    graph.output.extend(kept)
    graph.output.append(helper.make_tensor_value_info(ceilings[0], TensorProto.FLOAT, None))
