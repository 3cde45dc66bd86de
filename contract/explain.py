"""What pydantic found, as an InvalidRequest that names field and remedy and quotes no content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contract.errors import InvalidRequest, shown

_REMEDIES = {
    "missing": "is required",
    "extra_forbidden": "is not a parameter of this endpoint",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "string_type": "must be a string",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "string_unicode": "is not valid Unicode text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "recursion_loop": "is nested too deeply",
}


def explained(errors: Sequence[Any], *, ignored: frozenset[str] = frozenset()) -> InvalidRequest:
    """The first error of `ValidationError.errors()`. `ignored`: parts of a place that a client does
    not know, such as the name of a union's member."""
    error = errors[0]
    name = field_name([part for part in error["loc"] if part not in ignored])
    if not name:
        is_other = error["type"] in ("model_attributes_type", "model_type")
        header = " (content-type: application/json)" if is_other else ""
        return InvalidRequest(f"body {remedy(error)}{header}", param="body")
    return InvalidRequest(f"{name} {remedy(error)}", param=name)


def field_name(parts: Sequence[str | int]) -> str:
    """`a`, `b`, 0 → `a.b[0]`."""
    name = ""
    for part in parts:
        word = f"[{part}]" if isinstance(part, int) else shown(part)
        name += f".{word}" if name and isinstance(part, str) else word
    return name


def remedy(error: Any) -> str:
    """What is to be done about one of `ValidationError.errors()`, to follow the field's name."""
    kind, given, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind == "greater_than_equal":
        return f"is {shown(str(given))}; the least is {_number(context['ge'])}"
    if kind == "less_than_equal":
        return f"is {shown(str(given))}; the most is {_number(context['le'])}"
    if kind == "string_too_long":
        return f"has {len(given)} characters; the most is {context['max_length']}"
    if kind == "literal_error":
        choices = context["expected"].replace("'", "").replace(" or ", ", ")
        return f"must be one of: {choices}"
    if kind == "float_type" and isinstance(given, int) and not isinstance(given, bool):
        return _REMEDIES["finite_number"]  # more digits than a float holds
    words = str(error["msg"]).removeprefix("Value error, ")
    said = _REMEDIES.get(kind) or words.replace("Input should be", "must be")
    return said[0].lower() + said[1:]


def _number(bound: float) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)
