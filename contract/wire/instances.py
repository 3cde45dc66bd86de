"""V1 instances: JSON objects that each step of a chain enriches with its own output.

    {"instances": [{…}]}  →  {"predictions": [{… and what the step made}]}

This is what an InferenceGraph can chain: `$response`, with or without mapPredictionsToInstances,
and the answer of an Ensemble, whose branches are merged:

    {"embed": {"predictions": [{…}]}, "synthesize": {"predictions": [{…}]}}

Keys are those of SpeakInput and its like; where a task calls a thing otherwise, contract/tasks/
says so (InstanceKeys). Keys that no task knows pass through untouched. Binary values are base64,
bare or as {"b64": …}: recordings in any container, embeddings and mels as safetensors. Segments are
JSON.

`produced` lists the keys that steps have written. It decides what a merge keeps when the branches
of an Ensemble disagree: what a step made, not what came with the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from contract.errors import InvalidRequest, shown
from contract.fields import fields_of, missing, read_parameters, tensor_fields
from contract.tasks import INPUTS, REFERENCE_KEYS, Task, TaskInput, TaskOutput
from contract.wire.codecs import codec_of
from contract.wire.draft import Draft

Instance = dict[str, Any]
PRODUCED = "produced"
MAX_INSTANCES = 256
_LISTS = ("instances", "predictions")


# Bodies -------------------------------------------------------------------------------------


def instances_from_body(body: Any) -> list[Instance]:
    """Every instance of a V1 body, of a previous step's answer, or of an Ensemble's.

    Raises InvalidRequest.
    """
    if not isinstance(body, dict) or not body:
        raise InvalidRequest("the body must be an object with instances", param="instances")
    for key in _LISTS:
        if key in body:
            return _instances(body[key], key)
    return _merged(body)


def body_from_instances(instances: list[Instance]) -> dict[str, Any]:
    return {"predictions": instances}


def _instances(items: Any, key: str) -> list[Instance]:
    if not isinstance(items, list) or not 0 < len(items) <= MAX_INSTANCES:
        raise InvalidRequest(f"{key} must be a list of 1 to {MAX_INSTANCES} objects", param=key)
    if not all(isinstance(item, dict) for item in items):
        raise InvalidRequest(f"every one of {key} must be an object", param=key)
    return [dict(item) for item in items]


def _merged(branches: Mapping[str, Any]) -> list[Instance]:
    """An Ensemble answers with one object per step, each holding the same number of instances."""
    parts: list[list[Instance]] = []
    for name, answer in branches.items():
        key = next((one for one in _LISTS if isinstance(answer, dict) and one in answer), None)
        if key is None:
            raise InvalidRequest(
                f"the body must hold instances; {shown(name)!r} is no answer of an Ensemble's step",
                param="instances",
            )
        parts.append(_instances(answer[key], key))
    if len({len(part) for part in parts}) > 1:
        raise InvalidRequest("the Ensemble's branches hold unequal numbers of instances")
    return [reduce(_merge, together) for together in zip(*parts, strict=True)]


def _merge(left: Instance, right: Instance) -> Instance:
    made_left, made_right = _produced(left), _produced(right)
    merged = left | right
    for key in left.keys() & right.keys() - {PRODUCED}:
        if left[key] == right[key]:
            continue
        if (key in made_left) == (key in made_right):
            raise InvalidRequest(
                f"the Ensemble's branches disagree about {shown(key)!r}", param=shown(key)
            )
        merged[key] = left[key] if key in made_left else right[key]
    if made_left | made_right:
        merged[PRODUCED] = sorted(made_left | made_right)
    return merged


def _produced(instance: Mapping[str, Any]) -> set[str]:
    names = instance.get(PRODUCED)
    if not isinstance(names, list):
        return set()
    return {name for name in names if isinstance(name, str)}


# Tasks --------------------------------------------------------------------------------------


def draft_from_instance(
    task: Task, instance: Mapping[str, Any], *, max_bytes: int | None = None
) -> Draft:
    """Read what `task` needs; null is as good as absent. `max_bytes`: of one recording.

    Raises InvalidRequest, PayloadTooLarge. Decodes base64: large bodies belong in a thread.
    """
    kind = INPUTS[task]
    instance = _with_name(kind, instance)
    fixed = kind.as_reference if _is_about_reference(instance) else {}
    produced = _produced(instance)
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
    return {**instance, **made, PRODUCED: sorted(_produced(instance) | made.keys())}
