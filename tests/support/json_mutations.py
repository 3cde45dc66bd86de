"""Changes to a JSON document that a careless or hostile client might make."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

_ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    2**31,
    2**63,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "x" * 5000,
    "\ud800",
    "data:audio/wav;base64,AAAA",
    [],
    {},
    [[]],
    {"b64": "AAAA"},
    ["a" * 2000, ""],
    [1] * 70,
    [0] * 2000,
]
_RAW = [b"NaN", b"[" * 3000, b'"\\ud800"', b"1e999", b"\xff\xfe", b"{}" * 50, b"," * 2000]


def mutated_json(document: Any, chance: random.Random) -> bytes:
    """The document with one to four changes, now and then one that is no JSON at all."""
    changed = copy.deepcopy(document)
    for _ in range(chance.randint(1, 4)):
        changed = _changed(changed, chance)
    text = json.dumps(changed).encode()
    if chance.random() < 0.2:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(_RAW) + text[at + chance.randint(0, 3) :]
    return text


def _changed(document: Any, chance: random.Random) -> Any:
    places = list(_places(document, ()))
    path = chance.choice(places)
    if not path:
        return chance.choice(_ODD) if chance.random() < 0.1 else document
    owner = document
    for step in path[:-1]:
        owner = owner[step]
    key = path[-1]
    match chance.randrange(5):
        case 0:
            owner[key] = copy.deepcopy(chance.choice(_ODD))
        case 1:
            del owner[key]
        case 2:
            other = document
            for step in chance.choice(places):
                other = other[step]
            owner[key] = copy.deepcopy(other)
        case 3 if isinstance(owner, dict):
            owner[f"{key}{chance.choice(['', 's', '_', 'x' * 300])}"] = owner.pop(key)
        case _:
            owner[key] = [copy.deepcopy(owner[key])] * chance.randint(0, 3)
    return document


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in list(items)[:40]:
            yield from _places(item, (*path, key))
