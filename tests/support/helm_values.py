"""The values files that the chart is tested with, and ways into what it renders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from chart import CHART, Object

NAMES = ("default", *sorted(p.name.removesuffix("-values.yaml") for p in CHART.glob("ci/*.yaml")))


def of_kind(objects: Iterable[Object], kind: str) -> dict[str, Object]:
    """Objects of a kind by name."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def services(objects: Iterable[Object]) -> dict[str, Object]:
    return of_kind(objects, "InferenceService")


def container(service: Object, role: str = "predictor") -> Object:
    found: Object = service["spec"][role]["containers"][0]
    return found


def variables(one: Object) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in one["env"]}


def model_config(service: Object) -> dict[str, Any]:
    """The `--model_config` that the predictor starts with."""
    arguments = container(service)["args"]
    found: dict[str, Any] = json.loads(arguments[arguments.index("--model_config") + 1])
    return found
