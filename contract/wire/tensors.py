"""Tasks as V2 messages: tensors carry data, parameters tune the work. Follows contract/tasks/.

Writing and reading encode and check whole recordings: call them in a worker thread.
"""

from __future__ import annotations

from typing import Any

from contract.audio.codec import read_wav
from contract.errors import InvalidRequest, ModelFailed, PayloadTooLarge
from contract.fields import (
    missing,
    parameter_fields,
    read_parameters,
    refuse_unknown,
    tensor_fields,
)
from contract.tasks import INPUTS, Task, TaskInput, TaskOutput
from contract.wire.codecs import Draft, Recording, codec_of, tensor_names
from contract.wire.message import Message, Parameters, Tensor

TASK, PRIORITY = "task", "priority"
CALL_PARAMETERS: dict[str, str] = {
    TASK: "which task is asked, where one name serves several",
    PRIORITY: "interactive or batch; the header x-speech-priority says the same",
}
"""Parameters of the call itself, accepted with every task and read by the server."""
_RETIRED = frozenset({"arrays"})
"""What rooms of earlier versions send and nobody reads any more: until an upgrade is over, an old
ingress or transformer asks new predictors."""


def to_message(value: TaskInput[Any] | TaskOutput, request_id: str = "") -> Message:
    """Spell an input or output. Raises ModelFailed for numbers that are not finite.

    An input's parameters go only where they differ from their defaults: a predictor of an earlier
    version, as it is met during an upgrade, refuses a name that it does not know.
    """
    tensors: list[Tensor] = []
    for field in tensor_fields(type(value)):
        content = getattr(value, field.name)
        if content is not None:
            tensors += codec_of(field).to_tensors(field, content)
    parameters: Parameters = {}
    for field in parameter_fields(type(value)):
        content = getattr(value, field.name)
        is_implied = isinstance(value, TaskInput) and content == field.default
        if content is not None and not is_implied:
            parameters[field.name] = content
    if isinstance(value, TaskInput):
        parameters[TASK] = value.task.value
    return Message(tuple(tensors), parameters, request_id)


def draft_from_message(
    task: Task, message: Message, *, max_bytes: int | None = None, may_be_text: bool = False
) -> Draft:
    """Read a request for `task`. `max_bytes`: of one recording; `may_be_text`: numbers among the
    parameters may be text. Raises InvalidRequest or PayloadTooLarge that names the field."""
    kind = INPUTS[task]
    tensors = _by_name(message)
    refuse_unknown("tensor", tensors, [n for one in tensor_fields(kind) for n in tensor_names(one)])
    beside = CALL_PARAMETERS.keys() | _RETIRED
    given = {k: v for k, v in message.parameters.items() if k not in beside}
    refuse_unknown("parameter", given, [field.name for field in parameter_fields(kind)])
    parameters = read_parameters(kind, given, may_be_text=may_be_text)
    return Draft(kind, _tensor_values(kind, tensors, max_bytes) | parameters)


def output_from_message(kind: type[TaskOutput], message: Message) -> TaskOutput:
    """Read an answer. What is more than expected is ignored: the other side may be newer.

    Raises ModelFailed when it is not an answer of this kind.
    """
    try:
        values = _tensor_values(kind, _by_name(message), None)
        known = {field.name for field in parameter_fields(kind)}
        given = {name: one for name, one in message.parameters.items() if name in known}
        values |= {
            name: read_wav(one.data, param=name)
            for name, one in values.items()
            if isinstance(one, Recording)
        }
        return kind(**values, **read_parameters(kind, given))
    except (InvalidRequest, PayloadTooLarge) as exc:
        raise ModelFailed(f"the predictor's answer cannot be read: {exc.message}") from exc


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
            raise InvalidRequest(f"duplicate tensor {tensor.name!r}", param=tensor.name)
        tensors[tensor.name] = tensor
    return tensors


def _tensor_values(kind: type, tensors: dict[str, Tensor], max_bytes: int | None) -> dict[str, Any]:
    values = {}
    for field in tensor_fields(kind):
        if not tensors.keys().isdisjoint(tensor_names(field)):
            values[field.name] = codec_of(field).from_tensors(field, tensors, max_bytes)
        elif field.is_required:
            raise missing("tensor", field)
    return values
