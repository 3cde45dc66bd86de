"""The values files that the chart is tested with, and ways into what it renders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import knative_rules
from chart import CHART, Object

NAMES = ("default", *sorted(p.name.removesuffix("-values.yaml") for p in CHART.glob("ci/*.yaml")))
STANDARD = tuple(name for name in NAMES if name.startswith("standard"))
KNATIVE = tuple(name for name in NAMES if name not in STANDARD)


def prepared(name: str) -> knative_rules.Knative:
    """Knative as a values file needs it: single-gpu asks for a zero initial scale."""
    return knative_rules.Knative(knative_rules.FLAGS, allow_zero_initial_scale=name == "single-gpu")


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
