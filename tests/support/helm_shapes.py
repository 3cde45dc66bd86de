"""Kinds that no installed package has models for: the fields that this chart uses, and no others.

From prometheus-operator/prometheus-operator (monitoring.coreos.com/v1), kubernetes-sigs/gateway-api
v1.5.1 apis/v1/httproute_types.go and openshift/api route/v1/types.go.
"""

from __future__ import annotations

from typing import Any

import jsonschema

Shape = dict[str, Any]
_TEXT: Shape = {"type": "string", "minLength": 1}
_TEXTS: Shape = {"type": "object", "additionalProperties": _TEXT}
_SPAN: Shape = {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"}


def _map(*required: str, **fields: Shape) -> Shape:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": fields,
    }


def _list(item: Shape) -> Shape:
    return {"type": "array", "minItems": 1, "items": item}


_SELECTOR = _map(
    matchLabels=_TEXTS,
    matchExpressions=_list(_map("key", "operator", key=_TEXT, operator=_TEXT)),
)
_RULE = _map(
    "alert",
    "expr",
    alert=_TEXT,
    expr=_TEXT,
    labels=_TEXTS,
    annotations=_TEXTS,
    **{"for": _SPAN},
)
_MATCH = _map(
    "path", path=_map("type", "value", type={"enum": ["PathPrefix", "Exact"]}, value=_TEXT)
)
_HEADERS = _list(_map("name", "value", name=_TEXT, value=_TEXT))
_FILTER = _map(
    "type",
    type={"enum": ["ResponseHeaderModifier", "RequestHeaderModifier"]},
    responseHeaderModifier=_map(set=_HEADERS, add=_HEADERS),
    requestHeaderModifier=_map(set=_HEADERS, add=_HEADERS),
)
_ROUTE = _map(
    "backendRefs",
    matches=_list(_MATCH),
    filters=_list(_FILTER),
    timeouts=_map(request=_SPAN),
    backendRefs=_list(_map("name", "port", name=_TEXT, port={"type": "integer"})),
)
_PARENT = _map("name", name=_TEXT, namespace=_TEXT, sectionName=_TEXT)
SPECS: dict[tuple[str, str], Shape] = {
    ("monitoring.coreos.com/v1", "PodMonitor"): _map(
        "selector",
        "podMetricsEndpoints",
        selector=_SELECTOR,
        podMetricsEndpoints=_list(
            _map(portNumber={"type": "integer"}, port=_TEXT, path=_TEXT, interval=_SPAN)
        ),
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): _map(
        "groups", groups=_list(_map("name", "rules", name=_TEXT, rules=_list(_RULE)))
    ),
    ("route.openshift.io/v1", "Route"): _map(
        "to",
        to=_map("kind", "name", kind={"const": "Service"}, name=_TEXT),
        port=_map("targetPort", targetPort=_TEXT),
        tls=_map("termination", termination={"enum": ["edge", "passthrough", "reencrypt"]}),
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): _map(
        "parentRefs",
        "rules",
        parentRefs=_list(_PARENT),
        hostnames=_list(_TEXT),
        rules=_list(_ROUTE),
    ),
}


def check(item: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError, and KeyError for a kind that is not here."""
    jsonschema.validate(item["spec"], SPECS[item["apiVersion"], item["kind"]])
