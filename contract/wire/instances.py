"""V1 envelopes: one JSON object that each step of a chain enriches with its own output.

    {"instances": [{…}]}  →  {"predictions": [{… and what the step made}]}

This is what an InferenceGraph can chain: `$response`, with or without mapPredictionsToInstances,
and the answer of an Ensemble, whose branches are merged:

    {"embed": {"predictions": [{…}]}, "synthesize": {"predictions": [{…}]}}

Keys are those of SpeakInput and its like; where a task calls a thing otherwise, contract/tasks.py
says so (`envelope=`). Keys that no task knows pass through untouched. Binary values are base64:
recordings in any container, embeddings tagged, mels as NPY. Segments are JSON.

`produced` lists the keys that steps have written. It decides what a merge keeps when the branches
of an Ensemble disagree: what a step made, not what came with the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from contract.audio.codec import AudioLimits
from contract.errors import InvalidRequest, ModelFailed, PayloadTooLarge
from contract.tasks import INPUTS, REFERENCE, Task, TaskInput, TaskOutput
from contract.wire.field_codecs import codec_of
from contract.wire.fields import TaskField, fields_of, knob_fields, missing, read_knob

Envelope = dict[str, Any]
PRODUCED = "produced"
MAX_INSTANCES = 256
_LISTS = ("instances", "predictions")
DEFAULT_LIMITS = AudioLimits()


# Bodies -------------------------------------------------------------------------------------


def envelopes_from_body(body: Any) -> list[Envelope]:
    """Every envelope of a V1 body, of a previous step's answer, or of an Ensemble's.

    Raises InvalidRequest.
    """
    if not isinstance(body, dict) or not body:
        raise InvalidRequest("the body must be an object with instances", param="instances")
    for key in _LISTS:
        if key in body:
            return _instances(body[key], key)
    return _merged(body)


def body_from_envelopes(envelopes: list[Envelope]) -> dict[str, Any]:
    return {"predictions": envelopes}


def _instances(items: Any, key: str) -> list[Envelope]:
    if not isinstance(items, list) or not 0 < len(items) <= MAX_INSTANCES:
        raise InvalidRequest(f"{key} must be a list of 1 to {MAX_INSTANCES} objects", param=key)
    if not all(isinstance(item, dict) for item in items):
        raise InvalidRequest(f"every one of {key} must be an object", param=key)
    return [dict(item) for item in items]


def _merged(branches: Mapping[str, Any]) -> list[Envelope]:
    """An Ensemble answers with one object per step, each holding the same number of envelopes."""
    parts: list[list[Envelope]] = []
    for name, answer in branches.items():
        key = next((one for one in _LISTS if isinstance(answer, dict) and one in answer), None)
        if key is None:
            raise InvalidRequest(
                f"the body must hold instances; {name[:64]!r} is no answer of an Ensemble's step",
                param="instances",
            )
        parts.append(_instances(answer[key], key))
    if len({len(part) for part in parts}) > 1:
        raise InvalidRequest("the Ensemble's branches hold unequal numbers of envelopes")
    return [reduce(_merge, together) for together in zip(*parts, strict=True)]


def _merge(left: Envelope, right: Envelope) -> Envelope:
    made_left, made_right = _produced(left), _produced(right)
    merged = left | right
    for key in left.keys() & right.keys() - {PRODUCED}:
        if left[key] == right[key]:
            continue
        if (key in made_left) == (key in made_right):
            raise InvalidRequest(
                f"the Ensemble's branches disagree about {key[:64]!r}", param=key[:64]
            )
        merged[key] = left[key] if key in made_left else right[key]
    if made_left | made_right:
        merged[PRODUCED] = sorted(made_left | made_right)
    return merged


def _produced(envelope: Mapping[str, Any]) -> set[str]:
    names = envelope.get(PRODUCED)
    if not isinstance(names, list):
        return set()
    return {name for name in names if isinstance(name, str)}


# Tasks --------------------------------------------------------------------------------------


def input_from_envelope(
    task: Task, envelope: Mapping[str, Any], *, limits: AudioLimits = DEFAULT_LIMITS
) -> TaskInput[Any]:
    """Read what `task` needs; null is as good as absent. Raises InvalidRequest, PayloadTooLarge.

    Decodes audio: call it in a worker thread.
    """
    kind = INPUTS[task]
    fixed = kind.as_reference if _is_about_reference(envelope) else {}
    produced = _produced(envelope)
    values: dict[str, Any] = dict(fixed)
    for field in fields_of(kind):
        if field.name in fixed or field.metadata.get("superseded_by") in produced:
            continue
        key = next((one for one in field.envelope_names if envelope.get(one) is not None), None)
        if key is not None:
            values[field.name] = _read(field, key, envelope[key], limits)
        elif field.is_required:
            raise missing("field", field)
    return kind(**values)


def _is_about_reference(envelope: Mapping[str, Any]) -> bool:
    return any(envelope.get(key) is not None for key in REFERENCE)


def _read(field: TaskField, key: str, value: Any, limits: AudioLimits | None) -> Any:
    if field.role == "knob":
        return read_knob(field, value)
    return codec_of(field).from_json(field, key, value, limits)


def enrich(envelope: Mapping[str, Any], output: TaskOutput) -> Envelope:
    """The envelope and the step's own output. Encodes audio: call it in a worker thread."""
    made: Envelope = {}
    for field in fields_of(type(output)):
        value = getattr(output, field.name)
        if value is None:
            continue
        spelled = value if field.role == "knob" else codec_of(field).to_json(value)
        first, *others = field.envelope_names
        made[first] = spelled
        made |= {key: spelled for key in others if envelope.get(key) is None}
    return {**envelope, **made, PRODUCED: sorted(_produced(envelope) | made.keys())}


def output_from_envelope(kind: type[TaskOutput], envelope: Mapping[str, Any]) -> TaskOutput:
    """Read a step's output back, for whoever called a graph. Raises ModelFailed."""
    try:
        return _output(kind, envelope)
    except (InvalidRequest, PayloadTooLarge) as exc:
        raise ModelFailed(f"the graph's answer cannot be read: {exc.message}") from exc


def _output(kind: type[TaskOutput], envelope: Mapping[str, Any]) -> TaskOutput:
    values: dict[str, Any] = {}
    for field in fields_of(kind):
        key = field.envelope_names[0]
        if envelope.get(key) is not None:
            values[field.name] = _read(field, key, envelope[key], None)
        elif field.is_required:
            raise missing("field", field)
    return kind(**values)


def to_envelope(request: TaskInput[Any]) -> Envelope:
    """A request as the first envelope of a chain, under the task's own field names."""
    knobs = {field.name for field in knob_fields(type(request))}
    return {
        field.name: value if field.name in knobs else codec_of(field).to_json(value)
        for field in fields_of(type(request))
        if (value := getattr(request, field.name)) is not None
    }
