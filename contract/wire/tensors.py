"""Tasks as V2 messages: tensors carry data, parameters carry knobs. The only V2 spelling.

Generic over the field metadata of contract/tasks.py. `to_message` and the `*_from_message` readers
move audio through codecs: call them in a worker thread.
"""

from __future__ import annotations

from typing import Any

from contract.audio.codec import AudioLimits
from contract.errors import InvalidRequest, ModelFailed, PayloadTooLarge
from contract.tasks import INPUTS, Task, TaskInput, TaskOutput
from contract.wire.field_codecs import DETAILS, SEGMENT_KINDS, Arrays, codec_of
from contract.wire.fields import (
    TaskField,
    knob_fields,
    missing,
    read_knob,
    refuse_unknown,
    tensor_fields,
)
from contract.wire.message import (
    Message,
    Parameters,
    Tensor,
    message_from_bytes,
    message_from_json,
    message_to_bytes,
    request_to_json,
    response_to_json,
    tensor_from_raw,
)

__all__ = [
    "ARRAYS",
    "TASK",
    "Arrays",
    "AudioLimits",
    "Message",
    "Tensor",
    "describe",
    "describe_parameters",
    "input_from_message",
    "message_from_bytes",
    "message_from_json",
    "message_to_bytes",
    "output_from_message",
    "request_to_json",
    "response_to_json",
    "tensor_from_raw",
    "to_message",
    "wanted_arrays",
    "wanted_task",
]

ARRAYS, TASK, PRIORITY = "arrays", "task", "priority"
CALL_PARAMETERS: dict[str, str] = {
    ARRAYS: "npy: answer mel and pauses as NPY files in BYTES [1]; default fp32",
    TASK: "which task is asked, where one name serves several",
    PRIORITY: "interactive or batch; the header x-speech-priority says the same",
}
"""Parameters of the call itself, accepted with every task and read by the server."""
DEFAULT_LIMITS = AudioLimits()


def to_message(value: TaskInput[Any] | TaskOutput, *, arrays: Arrays = "fp32") -> Message:
    """Spell an input or output. An input with `arrays="npy"` asks for its answer so, too."""
    tensors: list[Tensor] = []
    for field in tensor_fields(type(value)):
        content = getattr(value, field.name)
        if content is not None:
            tensors += codec_of(field).to_tensors(field, content, arrays)
    parameters = _knobs(value)
    if isinstance(value, TaskInput):
        parameters[TASK] = value.task.value
        if arrays != "fp32":
            parameters[ARRAYS] = arrays
    return Message(tuple(tensors), parameters)


def _knobs(value: TaskInput[Any] | TaskOutput) -> Parameters:
    given = {field.name: getattr(value, field.name) for field in knob_fields(type(value))}
    return {name: content for name, content in given.items() if content is not None}


def input_from_message(
    task: Task, message: Message, *, limits: AudioLimits = DEFAULT_LIMITS
) -> TaskInput[Any]:
    """Read a request for `task`. Raises InvalidRequest or PayloadTooLarge that names the field."""
    kind = INPUTS[task]
    tensors = _by_name(message)
    refuse_unknown("tensor", tensors, _tensor_names(kind))
    parameters = {k: v for k, v in message.parameters.items() if k not in CALL_PARAMETERS}
    refuse_unknown("parameter", parameters, [field.name for field in knob_fields(kind)])
    values = _tensor_values(kind, tensors, limits)
    return kind(**values, **_knob_values(kind, parameters))


def output_from_message(kind: type[TaskOutput], message: Message) -> TaskOutput:
    """Read an answer. What is more than expected is ignored: the other side may be newer.

    Raises ModelFailed when it is not an answer of this kind.
    """
    try:
        values = _tensor_values(kind, _by_name(message), None)
        return kind(**values, **_knob_values(kind, message.parameters))
    except (InvalidRequest, PayloadTooLarge) as exc:
        raise ModelFailed(f"the predictor's answer cannot be read: {exc.message}") from exc


def wanted_arrays(message: Message) -> Arrays:
    """How a request wants large arrays answered. Raises InvalidRequest."""
    value = message.parameters.get(ARRAYS, "fp32")
    if value == "npy":
        return "npy"
    if value == "fp32":
        return "fp32"
    raise InvalidRequest(f"{ARRAYS} must be one of: fp32, npy", param=ARRAYS)


def wanted_task(message: Message, default: Task, served: frozenset[Task]) -> Task:
    """Which of the tasks `served` under one name a request is for. Raises InvalidRequest."""
    value = message.parameters.get(TASK, default)
    for task in served:
        if task == value:
            return task
    known = ", ".join(sorted(task.value for task in served))
    raise InvalidRequest(f"{TASK} must be one of: {known}", param=TASK)


def _by_name(message: Message) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for tensor in message.tensors:
        if tensor.name in tensors:
            name = tensor.name[:64]
            raise InvalidRequest(f"tensor {name!r} is there twice; send it once", param=name)
        tensors[tensor.name] = tensor
    return tensors


def _tensor_names(kind: type) -> list[str]:
    return [name for field in tensor_fields(kind) for name in _names_of(field)]


def _names_of(field: TaskField) -> tuple[str, ...]:
    return (field.name, DETAILS) if field.kind in SEGMENT_KINDS else (field.name,)


def _tensor_values(
    kind: type, tensors: dict[str, Tensor], limits: AudioLimits | None
) -> dict[str, Any]:
    values = {}
    for field in tensor_fields(kind):
        if not tensors.keys().isdisjoint(_names_of(field)):
            values[field.name] = codec_of(field).from_tensors(field, tensors, limits)
        elif field.is_required:
            raise missing("tensor", field)
    return values


def _knob_values(kind: type, parameters: Parameters) -> dict[str, Any]:
    return {
        field.name: read_knob(field, parameters[field.name])
        for field in knob_fields(kind)
        if parameters.get(field.name) is not None
    }


# Metadata -----------------------------------------------------------------------------------


def describe(task: Task) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Input and output tensors for V2's model metadata: name, datatype, shape, and our words."""
    kind = INPUTS[task]
    return _tensor_docs(kind), _tensor_docs(kind.output)


def describe_parameters(task: Task) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Request and response parameters: name, type, default, limits and what they do."""
    kind = INPUTS[task]
    calls = [
        {"name": name, "type": "str", "required": False, "doc": doc}
        for name, doc in CALL_PARAMETERS.items()
    ]
    return _knob_docs(kind) + calls, _knob_docs(kind.output)


def _tensor_docs(kind: type) -> list[dict[str, Any]]:
    docs: list[dict[str, Any]] = []
    for field in tensor_fields(kind):
        docs.append(
            {
                "name": field.name,
                "datatype": codec_of(field).datatype,
                "shape": list(field.metadata["shape"] or codec_of(field).shape),
                "required": field.is_required,
                "doc": field.metadata["doc"],
            }
        )
        if field.kind in SEGMENT_KINDS:
            docs.append(
                {
                    "name": DETAILS,
                    "datatype": "BYTES",
                    "shape": [1],
                    "required": False,
                    "doc": f"{field.name} with all their fields, as JSON",
                }
            )
    return docs


def _knob_docs(kind: type) -> list[dict[str, Any]]:
    return [_knob_doc(field) for field in knob_fields(kind)]


def _knob_doc(field: TaskField) -> dict[str, Any]:
    doc = {
        "name": field.name,
        "type": field.kind.__name__,
        "required": field.is_required,
        "default": None if field.is_required else field.default,
        "doc": field.metadata["doc"],
    }
    limits = {
        name: field.metadata[name] for name in ("ge", "le") if field.metadata[name] is not None
    }
    if field.kind is str:
        limits["max_length"] = field.metadata["max_length"]
    if field.metadata["choices"]:
        limits["choices"] = list(field.metadata["choices"])
    return doc | limits
