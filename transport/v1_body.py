"""Bodies of V1: lists of instances, as clients and the steps of an InferenceGraph send them.

    {"instances": [{…}]}  →  {"predictions": [{… and what the step made}]}

A graph passes on `$response`, with or without mapPredictionsToInstances, or the answer of an
Ensemble, whose branches are merged:

    {"embed": {"predictions": [{…}]}, "synthesize": {"predictions": [{…}]}}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from contract.errors import InvalidRequest, shown
from contract.wire.instances import PRODUCED, Instance, produced_keys

MAX_INSTANCES = 256
_LISTS = ("instances", "predictions")


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
    made_left, made_right = produced_keys(left), produced_keys(right)
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
