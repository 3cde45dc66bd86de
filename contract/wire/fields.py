"""The fields of a task's input or output, read once from its dataclass, and the types of knobs."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass
from typing import Any

from contract.errors import InvalidRequest

_SHOWN_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class TaskField:
    """One field. `kind` is the type without None; `default` is MISSING when it is required."""

    name: str
    role: str
    """tensor or knob"""
    kind: Any
    default: Any
    metadata: Mapping[str, Any]

    @property
    def is_required(self) -> bool:
        return self.default is MISSING

    @property
    def envelope_names(self) -> tuple[str, ...]:
        return self.metadata["envelope"] or (self.name,)


def fields_of(owner: type) -> tuple[TaskField, ...]:
    """Every field of a TaskInput or TaskOutput, in order."""
    return _read_fields(owner)


@functools.cache
def _read_fields(owner: type) -> tuple[TaskField, ...]:
    hints = typing.get_type_hints(owner)
    return tuple(
        TaskField(
            field.name,
            field.metadata["kind"],
            _without_none(hints[field.name]),
            field.default,
            field.metadata,
        )
        for field in dataclasses.fields(owner)
    )


def tensor_fields(owner: type) -> tuple[TaskField, ...]:
    return tuple(field for field in fields_of(owner) if field.role == "tensor")


def knob_fields(owner: type) -> tuple[TaskField, ...]:
    return tuple(field for field in fields_of(owner) if field.role == "knob")


def _without_none(hint: Any) -> Any:
    if not isinstance(hint, types.UnionType):
        return hint
    kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
    return functools.reduce(lambda left, right: left | right, kinds)


_SPELLED = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}


def read_knob(field: TaskField, value: Any) -> Any:
    """Check the type of a parameter. Limits are checked by the task's dataclass."""
    try:
        if field.kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if field.kind is int and isinstance(value, float) and value.is_integer():
            return int(value)  # JSON writers in some languages know only floats
    except OverflowError:
        raise InvalidRequest(f"{field.name} must be a finite number", param=field.name) from None
    if type(value) is not field.kind:
        raise InvalidRequest(f"{field.name} must be {_SPELLED[field.kind]}", param=field.name)
    return value


def refuse_unknown(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise InvalidRequest that names the first stranger and all that would be welcome."""
    names = list(known)
    for name in given:
        if name not in names:
            shown = name[:_SHOWN_CHARACTERS]
            raise InvalidRequest(
                f"{kind} {shown!r} is unknown; known: {', '.join(names) or 'none'}", param=shown
            )


def missing(kind: str, field: TaskField) -> InvalidRequest:
    """The error for a field that must be there and is not."""
    return InvalidRequest(
        f"{kind} {field.name} is missing: {field.metadata['doc']}", param=field.name
    )
