"""V2's model metadata: what each task takes and gives, and our words beside it."""

from __future__ import annotations

from typing import Any

from contract.fields import TaskField, parameter_fields, tensor_fields
from contract.tasks import INPUTS, Task
from contract.wire.codecs import codec_of, tensor_names
from contract.wire.segment_codecs import DETAILS
from contract.wire.tensors import CALL_PARAMETERS


def task_metadata(task: Task) -> dict[str, Any]:
    """Tensors: name, datatype, shape. Parameters: name, type, default, limits. All with `doc`."""
    kind = INPUTS[task]
    calls = [
        {"name": name, "type": "str", "required": False, "default": None, "doc": doc}
        for name, doc in CALL_PARAMETERS.items()
    ]
    return {
        "task": task.value,
        "inputs": _tensor_docs(kind),
        "outputs": _tensor_docs(kind.output),
        "parameters": [_parameter_doc(field) for field in parameter_fields(kind)] + calls,
        "output_parameters": [_parameter_doc(field) for field in parameter_fields(kind.output)],
    }


def bare_tensors(task: Task) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Inputs and outputs with what gRPC's metadata message has fields for."""
    kind = INPUTS[task]
    inputs, outputs = (
        [{key: one[key] for key in ("name", "datatype", "shape")} for one in _tensor_docs(owner)]
        for owner in (kind, kind.output)
    )
    return inputs, outputs


def _tensor_docs(kind: type) -> list[dict[str, Any]]:
    docs: list[dict[str, Any]] = []
    for field in tensor_fields(kind):
        codec, own = codec_of(field), field.tensor
        shape = list(own.shape if own and own.shape else codec.shape)
        docs.append(_tensor_doc(field.name, codec.datatype, shape, field.is_required, field.doc))
        if DETAILS in tensor_names(field):
            words = f"{field.name} with all their fields, as JSON"
            docs.append(_tensor_doc(DETAILS, "BYTES", [1], False, words))
    return docs


def _tensor_doc(
    name: str, datatype: str, shape: list[int], required: bool, doc: str
) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "required": required, "doc": doc}


def _parameter_doc(field: TaskField) -> dict[str, Any]:
    doc = {
        "name": field.name,
        "type": field.kind.__name__,
        "required": field.is_required,
        "default": None if field.is_required else field.default,
        "doc": field.doc,
    }
    limits = {k: list(v) if isinstance(v, tuple) else v for k, v in field.limits.items()}
    return doc | limits
