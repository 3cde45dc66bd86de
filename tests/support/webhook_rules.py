"""What KServe's webhooks and its graph router refuse, or accept and then do not do as meant.

From kserve/kserve: pkg/apis/serving/v1beta1, v1alpha1 and cmd/router. A fault is one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import knative_rules

Object = Mapping[str, Any]
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
MAX_NAME = 63 - len("-transformer-00001")
"""What Knative appends must fit into a DNS label."""
STORAGE = re.compile(r"(gs|s3|hdfs|hf|modelscope|webhdfs|https|pvc|oci)://.+")
SCALE_METRICS = {"Knative": {"concurrency", "rps"}, "Standard": {"cpu", "memory"}}
KNATIVE_ONLY = ("containerConcurrency", "canaryTrafficPercent")
TARGETS = ("nodeName", "serviceName", "serviceUrl")
MODE = "serving.kserve.io/deploymentMode"
NO_REVISION = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/max-scale")


def mode_of(item: Object) -> str:
    return str(item["metadata"].get("annotations", {}).get(MODE, "Knative"))


# InferenceService ---------------------------------------------------------------------------


def service_faults(service: Object, features: frozenset[str] = frozenset()) -> list[str]:
    """Faults of an InferenceService; `features` are the Knative flags that are on."""
    mode = mode_of(service)
    if mode not in SCALE_METRICS:
        return [f"{MODE}: must be Knative or Standard"]
    found = list(_identity_faults(service))
    for role in ("predictor", "transformer"):
        component = service["spec"].get(role)
        if component is not None:
            found += [f"{role}.{fault}" for fault in _component_faults(component, mode)]
            if mode == "Knative":
                found += [f"{role}.{one}" for one in knative_rules.faults(component, features)]
    found += _transformer_faults(service["spec"].get("transformer"))
    return found


def _identity_faults(service: Object) -> Iterator[str]:
    name = service["metadata"]["name"]
    if not NAME.fullmatch(name):
        yield f"name: {name} is no DNS label"
    if len(name) > MAX_NAME:
        yield f"name: longer than {MAX_NAME}"
    yield from _label_faults(service)
    yield from _annotation_faults(service)


def _label_faults(item: Object) -> Iterator[str]:
    visibility = {
        "Knative": "networking.knative.dev/visibility",
        "Standard": "networking.kserve.io/visibility",
    }[mode_of(item)]
    labels = item["metadata"].get("labels", {})
    if labels.get(visibility) != "cluster-local":
        yield f"labels: {visibility} must be cluster-local, or the service is public"
    for key, value in labels.items():
        if not re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", str(value)):
            yield f"labels.{key}: {value} is no label value"


def _annotation_faults(service: Object) -> Iterator[str]:
    annotations = service["metadata"].get("annotations", {})
    for key in NO_REVISION:
        if key in annotations:
            yield f"annotations.{key}: use minReplicas and maxReplicas"
    scaler = annotations.get("serving.kserve.io/autoscalerClass", "hpa")
    if scaler not in ("hpa", "keda", "external", "none"):
        yield f"annotations: autoscalerClass {scaler} is unknown"


def _component_faults(component: Object, mode: str) -> Iterator[str]:
    yield from _replica_faults(component, mode)
    if mode == "Standard":
        yield from (f"{one}: ignored in Standard mode" for one in KNATIVE_ONLY if one in component)
        for key in component.get("annotations", {}):
            if ".knative.dev/" in key:
                yield f"annotations.{key}: ignored in Standard mode"
    elif "deploymentStrategy" in component:
        yield "deploymentStrategy: only in Standard mode"
    if not any(one["name"] == "kserve-container" for one in component["containers"]):
        yield "containers: none is called kserve-container"
    for container in component["containers"]:
        yield from _container_faults(container, component)


def _replica_faults(component: Object, mode: str) -> Iterator[str]:
    fewest, most = component.get("minReplicas", 1), component.get("maxReplicas", 0)
    if fewest < 0 or most < 0:
        yield "minReplicas, maxReplicas: must not be negative"
    if most and fewest > most:
        yield "minReplicas: above maxReplicas"
    if mode == "Standard" and fewest == 0:
        yield "minReplicas: Standard mode keeps 1, whatever is asked"
    metric = component.get("scaleMetric")
    if metric is not None and metric not in SCALE_METRICS[mode]:
        yield f"scaleMetric: {metric} does not exist in {mode} mode"
    if component.get("scaleTarget", 1) < 1:
        yield "scaleTarget: must be at least 1"


def _container_faults(container: Object, component: Object) -> Iterator[str]:
    values = {variable["name"]: variable.get("value") for variable in container.get("env", ())}
    if len(values) != len(container.get("env", ())):
        yield "env: a name is used twice"
    if "PYTHONPATH" in values:
        yield "env.PYTHONPATH: refused since KServe 0.18"
    if values.get("PROTOCOL", "v1") not in ("v1", "v2"):
        yield "env.PROTOCOL: must be v1 or v2"
    storage = values.get("STORAGE_URI")
    if storage is not None and not STORAGE.fullmatch(storage):
        yield f"env.STORAGE_URI: {storage} has no scheme that KServe knows"
    if storage is not None and "storageUris" in component:
        yield "storageUris: not beside STORAGE_URI"
    yield from _resource_faults(container.get("resources", {}))


def _resource_faults(resources: Object) -> Iterator[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in ("cpu", "memory"):
        if name not in requests or name not in limits:
            yield f"resources.{name}: KServe fills the gap with 1 CPU or 2Gi; state both"
    for name, wanted in requests.items():
        if name in limits and quantity(wanted) > quantity(limits[name]):
            yield f"resources.{name}: the request is above the limit"
    if requests.get("nvidia.com/gpu") != limits.get("nvidia.com/gpu"):
        yield "resources.nvidia.com/gpu: request and limit must be equal"


def quantity(text: str | float) -> float:
    """A Kubernetes quantity as a number. Raises ValueError for what is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?", str(text))
    if match is None:
        raise ValueError(f"{text} is no quantity")
    powers = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "m": 1e-3}
    powers |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
    return float(match[1]) * powers.get(match[2] or "", 1)


def _transformer_faults(transformer: Object | None) -> Iterator[str]:
    if transformer is None or "containerConcurrency" not in transformer:
        return
    if not any("--workers" in one.get("args", ()) for one in transformer["containers"]):
        yield "transformer.args: without --workers KServe starts one process per request at once"


# InferenceGraph -----------------------------------------------------------------------------


def graph_faults(graph: Object) -> list[str]:
    nodes = graph["spec"]["nodes"]
    found = [*_label_faults(graph), *_time_faults(graph["spec"]), *_graph_scale_faults(graph)]
    if "root" not in nodes:
        found.append("nodes: root is missing")
    for name, node in nodes.items():
        found += [f"nodes.{name}.{fault}" for fault in _node_faults(node, nodes)]
    return found + _cycle_faults(nodes)


def _graph_scale_faults(graph: Object) -> Iterator[str]:
    """A graph has no containerConcurrency, but replicas and metrics by the same rules."""
    return _replica_faults(graph["spec"], mode_of(graph))


def _time_faults(spec: Object) -> Iterator[str]:
    timeout, router = spec.get("timeout"), spec.get("routerTimeouts", {})
    if timeout is None or not 0 < timeout <= knative_rules.MAX_TIMEOUT_S:
        yield f"timeout: must be 1 to {knative_rules.MAX_TIMEOUT_S}"
        return
    for name in ("serverRead", "serverWrite", "serverIdle", "serviceClient"):
        if router.get(name, 0) < timeout:
            yield f"routerTimeouts.{name}: below timeout, so the router cuts answers short"


def _node_faults(node: Object, nodes: Mapping[str, Any]) -> Iterator[str]:
    kind, steps = node["routerType"], node["steps"]
    if kind not in ("Sequence", "Splitter", "Ensemble", "Switch"):
        yield f"routerType: {kind} is unknown"
    if kind == "Splitter" and sum(step.get("weight", 0) for step in steps) != 100:
        yield "steps: weights must add up to 100"
    names = [step.get("name", "") for step in steps]
    if len(set(names)) < len(names) or "" in names:
        yield "steps: every step needs a name of its own"
    for index, step in enumerate(steps):
        for fault in _step_faults(step, kind, index, nodes):
            yield f"{step.get('name', index)}: {fault}"


def _step_faults(step: Object, kind: str, index: int, nodes: Mapping[str, Any]) -> Iterator[str]:
    if sum(target in step for target in TARGETS) != 1:
        yield f"needs exactly one of {', '.join(TARGETS)}"
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


def _cycle_faults(nodes: Mapping[str, Any]) -> list[str]:
    def leads_back(name: str, seen: tuple[str, ...]) -> bool:
        if name in seen:
            return True
        steps = nodes.get(name, {}).get("steps", ())
        return any(leads_back(s["nodeName"], (*seen, name)) for s in steps if "nodeName" in s)

    return ["nodes: a node leads back to itself"] if leads_back("root", ()) else []
