"""The fields of a task's input or output, read once from their annotations in contract/tasks/."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from contract.errors import InvalidRequest, shown
from contract.explain import explained


@dataclass(frozen=True, slots=True)
class Tensor:
    """Marks a field that carries data."""

    doc: str
    shape: tuple[int, ...] = ()
    """Of an array, -1 for any length; other kinds of value have shapes of their own."""
    superseded_by: str | None = None
    """Key of a V1 instance that replaces this field once a step has produced it."""


class InstanceKeys(tuple[str, ...]):
    """Keys of a V1 instance for a field, where they differ from its name: an input is read from
    the first that is there; an output goes under the first, and under the rest unless taken."""

    __slots__ = ()

    def __new__(cls, *names: str) -> InstanceKeys:
        return super().__new__(cls, names)


class OneOf(tuple[str, ...]):
    """Closes a string parameter."""

    __slots__ = ()

    def __get_pydantic_core_schema__(self, *_: Any) -> core_schema.CoreSchema:
        return core_schema.literal_schema(list(self))


@dataclass(frozen=True, slots=True)
class TaskField:
    """One field. `kind` is its type without None; `tensor` is None for a parameter."""

    name: str
    kind: Any
    default: Any
    """MISSING when the field is required."""
    doc: str
    instance_keys: tuple[str, ...]
    tensor: Tensor | None = None
    limits: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """ge, le, max_length and choices, as far as they are declared."""

    @property
    def is_required(self) -> bool:
        return self.default is MISSING


def _once(
    read: Callable[[type], tuple[TaskField, ...]],
) -> Callable[[type], tuple[TaskField, ...]]:
    """Read each class once: every request asks for the same fields. Typed here, as mypy believes
    that the classes of dataclasses without `eq` cannot be hashed."""
    return functools.cache(read)


@_once
def fields_of(owner: type) -> tuple[TaskField, ...]:
    """Every field of a TaskInput or TaskOutput, in order."""
    hints = typing.get_type_hints(owner, include_extras=True)
    return tuple(
        _read(field.name, hints[field.name], field.default) for field in dataclasses.fields(owner)
    )


@_once
def tensor_fields(owner: type) -> tuple[TaskField, ...]:
    return tuple(field for field in fields_of(owner) if field.tensor is not None)


@_once
def parameter_fields(owner: type) -> tuple[TaskField, ...]:
    return tuple(field for field in fields_of(owner) if field.tensor is None)


def _read(name: str, hint: Any, default: Any) -> TaskField:
    kind, *marks = typing.get_args(hint)
    kind = _without_none(kind)
    keys = next((mark for mark in marks if isinstance(mark, InstanceKeys)), (name,))
    tensor = next((mark for mark in marks if isinstance(mark, Tensor)), None)
    if tensor is not None:
        return TaskField(name, kind, default, tensor.doc, keys, tensor)
    described = next(mark for mark in marks if isinstance(mark, FieldInfo))
    limits = {
        limit: getattr(bound, limit)
        for bound in described.metadata
        for limit in ("ge", "le", "max_length")
        if hasattr(bound, limit)
    }
    choices = next((mark for mark in marks if isinstance(mark, OneOf)), None)
    if choices is not None:
        limits["choices"] = choices
    return TaskField(name, kind, default, described.description or "", keys, None, limits)


def _without_none(hint: Any) -> Any:
    """`X | None` is X, and an annotated X is X."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
        hint = functools.reduce(lambda left, right: left | right, kinds)
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


# Parameters -----------------------------------------------------------------------------------

_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


@functools.cache
def _model_of(owner: type) -> type[BaseModel]:
    """A pydantic model of the parameters alone, as they are declared."""
    hints = typing.get_type_hints(owner, include_extras=True)
    declared: dict[str, Any] = {
        field.name: (hints[field.name], field.default) for field in parameter_fields(owner)
    }
    return create_model(owner.__name__, __config__=_STRICT, **declared)


def check_parameters(value: Any) -> None:
    """Raise InvalidRequest unless every parameter of a TaskInput is within its bounds."""
    owner = type(value)
    read_parameters(
        owner, {field.name: getattr(value, field.name) for field in parameter_fields(owner)}
    )


def read_parameters(
    owner: type, given: Mapping[str, Any], *, may_be_text: bool = False
) -> dict[str, Any]:
    """The parameters that are given, in their declared types; null is as good as absent.

    `may_be_text`: numbers may be spelled as text, as V2 over gRPC has no fractions. Raises
    InvalidRequest that names the parameter.
    """
    values = {name: value for name, value in given.items() if value is not None}
    try:
        model = _model_of(owner).model_validate(values, strict=False if may_be_text else None)
    except ValidationError as exc:
        raise explained(exc.errors(include_url=False)) from None
    return {name: getattr(model, name) for name in model.model_fields_set}


def refuse_unknown(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise InvalidRequest that names the first unknown name and all that are known."""
    names = list(known)
    for name in given:
        if name not in names:
            raise InvalidRequest(
                f"{kind} {shown(name)!r} is unknown; known: {', '.join(names) or 'none'}",
                param=shown(name),
            )


def missing(kind: str, field: TaskField) -> InvalidRequest:
    """The error for a field that must be there and is not."""
    return InvalidRequest(f"{kind} {field.name} is missing: {field.doc}", param=field.name)
