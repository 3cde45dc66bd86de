"""V1 instances: JSON objects that each step of a chain enriches with its own output.

Keys are those of SpeakInput and its like; where a task calls a thing otherwise, contract/tasks/
says so (InstanceKeys). Keys that no task knows pass through untouched. Binary values are base64,
bare or as {"b64": …}: recordings in any container, embeddings and mels as safetensors. Segments are
JSON.

`produced` lists the keys that steps have written. It decides what a merge keeps when the branches
of an Ensemble disagree: what a step made, not what came with the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.fields import fields_of, missing, read_parameters, tensor_fields
from contract.tasks import INPUTS, REFERENCE_KEYS, Task, TaskInput, TaskOutput
from contract.wire.codecs import Draft, codec_of

Instance = dict[str, Any]
PRODUCED = "produced"


def produced_keys(instance: Mapping[str, Any]) -> set[str]:
    names = instance.get(PRODUCED)
    if not isinstance(names, list):
        return set()
    return {name for name in names if isinstance(name, str)}


def draft_from_instance(
    task: Task, instance: Mapping[str, Any], *, max_bytes: int | None = None
) -> Draft:
    """Read what `task` needs; null is as good as absent. `max_bytes`: of one recording.

    Raises InvalidRequest, PayloadTooLarge. Decodes base64: large bodies belong in a thread.
    """
    kind = INPUTS[task]
    instance = _with_name(kind, instance)
    fixed = kind.as_reference if _is_about_reference(instance) else {}
    produced = produced_keys(instance)
    values: dict[str, Any] = dict(fixed)
    parameters: dict[str, Any] = {}
    for field in fields_of(kind):
        if field.name in fixed or (field.tensor and field.tensor.superseded_by in produced):
            continue
        key = next((one for one in field.instance_keys if instance.get(one) is not None), None)
        if key is None and field.is_required:
            raise missing("field", field)
        if key is not None and field.tensor is None:
            parameters[field.name] = instance[key]
        elif key is not None:
            values[field.name] = codec_of(field).from_json(field, key, instance[key], max_bytes)
    return Draft(kind, values | read_parameters(kind, parameters))


def _with_name(kind: type[TaskInput[Any]], instance: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model of one input may get the bare value in its instance, as TensorFlow Serving has it:
    {"instances": [{"b64": …}]}."""
    if instance.keys() != {"b64"}:
        return instance
    required = [field.name for field in tensor_fields(kind) if field.is_required]
    return {required[0]: instance} if len(required) == 1 else instance


def _is_about_reference(instance: Mapping[str, Any]) -> bool:
    return any(instance.get(key) is not None for key in REFERENCE_KEYS)


def enrich(instance: Mapping[str, Any], output: TaskOutput) -> Instance:
    """The instance and the step's own output. Encodes audio: call it in a worker thread."""
    made: Instance = {}
    for field in fields_of(type(output)):
        value = getattr(output, field.name)
        if value is None:
            continue
        spelled = value if field.tensor is None else codec_of(field).to_json(value)
        first, *others = field.instance_keys
        made[first] = spelled
        made |= {key: spelled for key in others if instance.get(key) is None}
    return {**instance, **made, PRODUCED: sorted(produced_keys(instance) | made.keys())}
