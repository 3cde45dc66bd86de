"""Manifests read through the Python models of KServe and Kubernetes; nothing unknown gets through.

The models themselves take what they know from a dict and drop the rest, so a misspelt field would
pass. `parse` walks both, refuses every key that a model does not declare, and builds the model,
whose constructor checks what is required.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import kserve.models
import kubernetes.client

ROOTS = {
    "InferenceService": "V1beta1InferenceService",
    "InferenceGraph": "V1alpha1InferenceGraph",
    "LocalModelCache": "V1alpha1LocalModelCache",
    "Deployment": "V1Deployment",
    "Service": "V1Service",
    "ServiceAccount": "V1ServiceAccount",
    "ConfigMap": "V1ConfigMap",
    "PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "Role": "V1Role",
    "RoleBinding": "V1RoleBinding",
    "Ingress": "V1Ingress",
    "NetworkPolicy": "V1NetworkPolicy",
    "PodDisruptionBudget": "V1PodDisruptionBudget",
    "HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "Namespace": "V1Namespace",
    "Pod": "V1Pod",
    "Job": "V1Job",
}
RENAMED = {"K8sIoApiAppsV1DeploymentStrategy": "V1DeploymentStrategy"}
"""Where KServe's generator called a Kubernetes model otherwise."""
SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "datetime": (str, datetime.datetime),
    "ResourceQuantity": (str, int, float),
    "V1beta1MetricQuantity": (str, int, float),
    "object": (object,),
}


class Refused(Exception):
    """A field that the model does not have, or a value of the wrong kind; says where."""


def parse(item: Mapping[str, Any]) -> Any:
    """The model object of a manifest. Raises Refused, KeyError for a kind that has no model."""
    return _build(item, ROOTS[item["kind"]], item["kind"])


def _build(value: Any, kind: str, path: str) -> Any:
    if match := re.fullmatch(r"[lL]ist\[(.+)\]", kind):
        if not isinstance(value, list):
            raise Refused(f"{path}: must be a list")
        return [_build(one, match[1], f"{path}[{index}]") for index, one in enumerate(value)]
    if match := re.fullmatch(r"[dD]ict[\[(]str, (.+)[\])]", kind):
        if not isinstance(value, dict):
            raise Refused(f"{path}: must be a map")
        return {key: _build(one, match[1], f"{path}.{key}") for key, one in value.items()}
    if kind in SCALARS:
        return _scalar(value, kind, path)
    return _model(value, _class(kind), path)


def _scalar(value: Any, kind: str, path: str) -> Any:
    wrong_bool = isinstance(value, bool) and kind not in ("bool", "object")
    if wrong_bool or not isinstance(value, SCALARS[kind]):
        raise Refused(f"{path}: {value!r} is no {kind}")
    return value


def _class(kind: str) -> Any:
    name = RENAMED.get(kind, kind)
    found = getattr(kserve.models, name, None) or getattr(kubernetes.client, name, None)
    if found is None:
        raise LookupError(f"neither package has a model {kind}")
    return found


def _model(value: Any, model: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise Refused(f"{path}: must be a map")
    attributes = {wire: name for name, wire in model.attribute_map.items()}
    unknown = sorted(value.keys() - attributes.keys())
    if unknown:
        raise Refused(f"{path}: unknown field {unknown[0]}")
    fields = {
        attributes[key]: _build(one, model.openapi_types[attributes[key]], f"{path}.{key}")
        for key, one in value.items()
    }
    try:
        return model(**fields)
    except ValueError as exc:
        raise Refused(f"{path}: {exc}") from exc
