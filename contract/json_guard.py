"""JSON from clients, bounded before it is parsed: `[],` is three bytes, seventy as an object."""

from __future__ import annotations

import codecs
import json
import math
from typing import Any

import orjson

from contract.errors import InvalidRequest, PayloadTooLarge, shown
from contract.explain import field_name

MAX_ITEMS = 1_000_000
"""Most values in one document, as its commas tell: at most about 100 bytes of memory each."""
MAX_DEPTH = 64
_OPENINGS = (b"[", b"{")


def read_json(data: bytes, *, param: str = "body", named_by: str | None = None) -> Any:
    """Parse. Blocks for milliseconds a megabyte: large bodies belong in a thread.

    `named_by`: the key under which an object has its own name, by which errors call it.
    Raises InvalidRequest that names the field as far as it is known, PayloadTooLarge for more
    values than MAX_ITEMS.
    """
    if data.count(b",") >= MAX_ITEMS:
        raise PayloadTooLarge(
            f"{param} holds more than {MAX_ITEMS} JSON values; send numbers as binary tensors",
            param=param,
        )
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise _explained(data, param, named_by) from None
    if sum(data.count(opening) for opening in _OPENINGS) > MAX_DEPTH:
        _check_depth(value, param)
    return value


def _check_depth(value: Any, param: str) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise InvalidRequest(f"{param} is nested too deeply", param=param)
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, list | dict)
        ]


def _explained(data: bytes, param: str, named_by: str | None) -> InvalidRequest:
    """Python's own parser takes NaN and half surrogates, so it can say where they are."""
    try:
        document = json.loads(data)
        place = _unspeakable(document)
    except RecursionError:
        return InvalidRequest(f"{param} is nested too deeply", param=param)
    except ValueError:
        place = None
    if place is None:
        return InvalidRequest(f"{param} must be JSON text", param=param)
    path, what = place
    name = _own_name(document, path, named_by) or field_name(path)[:200] or param
    return InvalidRequest(f"{name} {what}", param=name)


def _own_name(document: Any, path: list[str | int], named_by: str | None) -> str | None:
    """The name that the innermost object around a place gives itself."""
    found = None
    for step in path:
        name = document.get(named_by) if isinstance(document, dict) else None
        if isinstance(name, str) and step != named_by:
            found = shown(name)
        document = document[step]
    return found


def _unspeakable(document: Any) -> tuple[list[str | int], str] | None:
    """Where the first value is that JSON has no spelling for, and what is wrong with it."""
    waiting: list[tuple[list[str | int], Any]] = [([], document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return path, "must be a finite number"
        if isinstance(value, str) and not _is_unicode(value):
            return path, "is not valid Unicode text"
        if len(path) > MAX_DEPTH:
            return path[:3], "is nested too deeply"
        if isinstance(value, dict):
            wrong = next((key for key in value if not _is_unicode(key)), None)
            if wrong is not None:
                return [*path, wrong], "is not valid Unicode text"
        if isinstance(value, list | dict):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [([*path, key], item) for key, item in items]
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
