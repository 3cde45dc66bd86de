"""V2 over gRPC: protobuf messages to and from contract messages, which know no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract.errors import InvalidRequest
from contract.wire.message import Message, Tensor
from transport.kserve.protobuf_bounds import check_fields
from transport.kserve.sdk import DecodeError, pb
from transport.v2_tensors import checked_count, checked_name, mismatch, raw_of, tensor_from_raw


def parse(raw: bytes) -> pb.ModelInferRequest:
    """Raises InvalidRequest for what is not, or not within bounds, a ModelInferRequest."""
    check_fields(raw)
    try:
        request: pb.ModelInferRequest = pb.ModelInferRequest.FromString(raw)
    except DecodeError:
        raise InvalidRequest("the message is not a ModelInferRequest", param="body") from None
    return request


def message_from_grpc(request: pb.ModelInferRequest) -> Message:
    """Raises InvalidRequest that names the tensor."""
    raws = request.raw_input_contents
    if raws and len(raws) != len(request.inputs):
        raise InvalidRequest(
            f"raw_input_contents holds {len(raws)} tensors for {len(request.inputs)} inputs",
            param="raw_input_contents",
        )
    tensors = tuple(
        _tensor(one, raws[at] if raws else None) for at, one in enumerate(request.inputs)
    )
    wanted = {output.name: None for output in request.outputs}
    return Message(tensors, _values(request.parameters), request.id, wanted)


def _tensor(one: Any, raw: bytes | None) -> Tensor:
    name, shape = checked_name(one.name, "inputs"), tuple(one.shape)
    parameters = _values(one.parameters)
    if raw is not None:
        if one.HasField("contents"):
            raise InvalidRequest(f"{name} has contents beside raw_input_contents", param=name)
        return tensor_from_raw(name, one.datatype, shape, raw, parameters)
    count = checked_count(name, one.datatype, shape)
    contents: Sequence[Any] = (
        one.contents.bytes_contents if one.datatype == "BYTES" else one.contents.fp32_contents
    )
    if len(contents) != count:
        raise mismatch(name, shape)
    if one.datatype == "BYTES":
        return Tensor(name, "BYTES", shape, tuple(contents), parameters)
    return Tensor(name, "FP32", shape, np.array(contents, np.float32).reshape(shape), parameters)


def _values(parameters: Mapping[str, pb.InferParameter]) -> dict[str, Any]:
    return {
        name: getattr(one, choice)
        for name, one in parameters.items()
        if (choice := one.WhichOneof("parameter_choice")) is not None
    }


def response_to_grpc(model: str, message: Message) -> bytes:
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
    response = pb.ModelInferResponse(
        model_name=model,
        id=message.request_id,
        parameters=_to_grpc_parameters(message.parameters),
        outputs=outputs,
        raw_output_contents=[raw_of(tensor) for tensor in message.tensors],
    )
    serialized: bytes = response.SerializeToString()
    return serialized


def _to_grpc_parameters(parameters: dict[str, Any]) -> dict[str, pb.InferParameter]:
    return {name: _to_grpc_parameter(value) for name, value in parameters.items()}


def _to_grpc_parameter(value: Any) -> pb.InferParameter:
    """V2's parameters know no fractions, so these travel as text, and whole ones as int64."""
    if isinstance(value, bool):
        return pb.InferParameter(bool_param=value)
    if isinstance(value, int):
        return pb.InferParameter(int64_param=value)
    return pb.InferParameter(string_param=str(value))
