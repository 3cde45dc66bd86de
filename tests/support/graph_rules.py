"""What KServe's webhook refuses in an InferenceGraph, and what its router does not do as meant.

Paths and lines are of kserve/kserve v0.20.0; inference_graph_validation.go is the same since
v0.16.0, the first release with routerTimeouts, but for three lines about deletion. Rules marked
`house` are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import knative_rules
import webhook_rules

NO_GRAPH = ("diarize", "long_transcription")
"""Toolchains that cut a recording into as many requests as it needs, which no router can do."""

Object = Mapping[str, Any]
TARGETS = ("nodeName", "serviceName", "serviceUrl")
# pkg/apis/serving/v1alpha1/inference_graph.go
ROUTER_TYPES = ("Sequence", "Splitter", "Ensemble", "Switch")


def graph_errors(graph: Object) -> list[str]:
    nodes = graph["spec"]["nodes"]
    found = [
        *webhook_rules.label_errors(graph),
        *_time_errors(graph["spec"]),
        *_graph_scale_errors(graph),
    ]
    # pkg/apis/serving/v1alpha1/inference_graph_validation.go:189-197
    if "root" not in nodes:
        found.append("nodes: root is missing")
    for name, node in nodes.items():
        found += [f"nodes.{name}.{error}" for error in _node_errors(node, nodes)]
    return found + _cycle_errors(nodes)


def _graph_scale_errors(graph: Object) -> Iterator[str]:
    """A graph has no containerConcurrency, but replicas and metrics by the same rules.

    pkg/controller/v1alpha1/inferencegraph/knative_reconciler.go:173-180, raw_ig.go
    """
    scaler = "knative" if webhook_rules.mode_of(graph) == "Knative" else "hpa"
    yield from webhook_rules.replica_errors(graph["spec"])
    yield from webhook_rules.scaler_errors(graph["spec"], scaler)


def _time_errors(spec: Object) -> Iterator[str]:
    """house: pkg/controller/v1alpha1/inferencegraph/knative_reconciler.go:209-211, and the router's
    own limits, cmd/router/main.go."""
    timeout, router = spec.get("timeout"), spec.get("routerTimeouts", {})
    longest = knative_rules.STOCK.max_timeout_s
    if timeout is None or not 0 < timeout <= longest:
        yield f"timeout: must be 1 to {longest}"
        return
    for name in ("serverRead", "serverWrite", "serverIdle", "serviceClient"):
        if router.get(name, 0) < timeout:
            yield f"routerTimeouts.{name}: below timeout, so the router cuts answers short"


def _node_errors(node: Object, nodes: Mapping[str, Any]) -> Iterator[str]:
    kind, steps = node["routerType"], node["steps"]
    if kind not in ROUTER_TYPES:
        yield f"routerType: {kind} is unknown"
    # pkg/apis/serving/v1alpha1/inference_graph_validation.go:200-217
    if kind == "Splitter" and sum(step.get("weight", 0) for step in steps) != 100:
        yield "steps: weights must add up to 100"
    # pkg/apis/serving/v1alpha1/inference_graph_validation.go:136-151; empty names: house
    names = [step.get("name", "") for step in steps]
    if len(set(names)) < len(names) or "" in names:
        yield "steps: every step needs a name of its own"
    for index, step in enumerate(steps):
        for error in _step_errors(step, kind, index, nodes):
            yield f"{step.get('name', index)}: {error}"


def _step_errors(step: Object, kind: str, index: int, nodes: Mapping[str, Any]) -> Iterator[str]:
    # pkg/apis/serving/v1alpha1/inference_graph_validation.go:154-178
    if sum(target in step for target in TARGETS) != 1:
        yield f"needs exactly one of {', '.join(TARGETS)}"
    # house, from here on: what cmd/router/main.go makes of it
    if step.get("nodeName", "root") not in nodes or step.get("nodeName") == "root":
        yield "nodeName names no other node"
    if step.get("dependency") != "Hard":
        yield "a step that is not Hard hands its error on as if it were an answer"
    if step.get("data", "$response") != "$response":
        yield "data: only $response means anything"
    if "data" in step and (kind != "Sequence" or index == 0):
        yield "data: nothing was answered before this step"
    if kind == "Switch" and "condition" not in step:
        yield "a step of a Switch needs a condition"
    if kind == "Sequence" and index == 0 and "condition" in step:
        yield "a condition on the first step is a 500"
    if not re.fullmatch(
        r"http://[^/]+/v1/models/[^/:]+:predict",
        step.get("serviceUrl", "http://h/v1/models/m:predict"),
    ):
        yield "serviceUrl: no V1 predict address"


def _cycle_errors(nodes: Mapping[str, Any]) -> list[str]:
    def leads_back(name: str, seen: tuple[str, ...]) -> bool:
        if name in seen:
            return True
        steps = nodes.get(name, {}).get("steps", ())
        return any(leads_back(s["nodeName"], (*seen, name)) for s in steps if "nodeName" in s)

    return ["nodes: a node leads back to itself"] if leads_back("root", ()) else []
