"""The SDK's V2 requests and responses to and from contract messages, which know no framework."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

from contract.errors import InvalidRequest
from contract.tasks import INPUTS, Task
from contract.wire.fields import knob_fields
from contract.wire.tensors import TASK, Message, Tensor, message_from_json, tensor_from_raw
from transport.kserve.sdk import InferInput, InferRequest, pb, to_http_parameters


def message_from_v2(request: InferRequest, default_task: Task) -> Message:
    """Read a V2 request of either transport. Raises InvalidRequest."""
    return _from_grpc(request, default_task) if request.from_grpc else _from_rest(request)


def only_requested(message: Message, request: InferRequest) -> Message:
    """Keep the outputs that the request names; all if it names none. Raises InvalidRequest."""
    if not request.request_outputs:
        return message
    wanted = {output.name for output in request.request_outputs}
    known = {tensor.name for tensor in message.tensors}
    if not wanted <= known:
        stranger = sorted(wanted - known)[0][:64]
        raise InvalidRequest(
            f"output {stranger!r} is not among: {', '.join(sorted(known))}", param="outputs"
        )
    kept = tuple(tensor for tensor in message.tensors if tensor.name in wanted)
    return Message(kept, message.parameters)


def to_grpc(model: str, message: Message, request_id: str) -> pb.ModelInferResponse:
    """All tensors in raw_output_contents, the compact form that V2 prefers."""
    outputs = [
        pb.ModelInferResponse.InferOutputTensor(
            name=tensor.name,
            datatype=tensor.datatype,
            shape=tensor.shape,
            parameters=_to_grpc_parameters(tensor.parameters),
        )
        for tensor in message.tensors
    ]
    return pb.ModelInferResponse(
        model_name=model,
        id=request_id,
        parameters=_to_grpc_parameters(message.parameters),
        outputs=outputs,
        raw_output_contents=[tensor.raw() for tensor in message.tensors],
    )


def _from_rest(request: InferRequest) -> Message:
    parameters = dict(request.parameters or {})
    if parameters.pop("binary_data_output", False):
        raise InvalidRequest(
            "binary_data_output is not served on REST; read base64, or use gRPC",
            param="binary_data_output",
        )
    inputs = [_tensor_json(tensor) for tensor in request.inputs]
    return message_from_json({"inputs": inputs, "parameters": parameters}, "inputs")


def _tensor_json(tensor: InferInput) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": tensor.shape,
        "parameters": dict(tensor.parameters or {}),
        "data": tensor.data,
    }


def _from_grpc(request: InferRequest, default_task: Task) -> Message:
    parameters = to_http_parameters(request.parameters or {})
    tensors = tuple(_tensor_from_grpc(tensor) for tensor in request.inputs)
    task = parameters.get(TASK, default_task)
    return Message(tensors, _numbers_from_text(parameters, task))


def _tensor_from_grpc(tensor: InferInput) -> Tensor:
    name, datatype, shape = tensor.name, tensor.datatype, tuple(tensor.shape)
    parameters = dict(tensor.parameters or {})
    if tensor._raw_data is not None:  # the SDK offers the raw bytes in no other way
        return tensor_from_raw(name, datatype, shape, tensor._raw_data, parameters)
    if datatype != "BYTES":
        body = {"inputs": [_tensor_json(tensor) | {"data": list(tensor.data or ())}]}
        return message_from_json(body, "inputs").tensors[0]
    elements = tuple(tensor.data or ())
    if len(elements) != math.prod(shape):
        raise InvalidRequest(f"{name} does not hold the data of its shape", param=name)
    return Tensor(name, datatype, shape, elements, parameters)


def _numbers_from_text(parameters: dict[str, Any], task: Any) -> dict[str, Any]:
    """V2's gRPC parameters know no fractions, so these come as text, and whole ones as int64."""
    if task not in INPUTS:
        return parameters  # refused by its name later
    fractions = {field.name for field in knob_fields(INPUTS[task]) if field.kind is float}
    for name in fractions & parameters.keys():
        with suppress(ValueError):  # then the text itself is refused by the field
            parameters[name] = float(parameters[name])
    return parameters


def _to_grpc_parameters(parameters: dict[str, Any]) -> dict[str, pb.InferParameter]:
    return {name: _to_grpc_parameter(value) for name, value in parameters.items()}


def _to_grpc_parameter(value: Any) -> pb.InferParameter:
    if isinstance(value, bool):
        return pb.InferParameter(bool_param=value)
    if isinstance(value, int):
        return pb.InferParameter(int64_param=value)
    return pb.InferParameter(string_param=str(value))
