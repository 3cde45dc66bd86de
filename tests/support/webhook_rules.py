"""What KServe's webhooks refuse, and what its controllers then hand to Knative.

Paths and lines are of kserve/kserve v0.20.0, which docs/install.md installs. The rules used are
the same in v0.16.0 to v0.19.0 (PYTHONPATH is free before v0.18) and on master of 2026-08-21; v0.15
does not know the modes Knative and Standard. An error is one line. Rules marked `house` are ours:
KServe accepts what they refuse, and does something else than meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import knative_rules
from knative_rules import Knative

Object = Mapping[str, Any]
# pkg/apis/serving/v1beta1/inference_service_validation.go:46-55
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
MAX_NAME = 63 - len("-transformer-00001")
"""house: what Knative appends must fit into a DNS label."""
# config/storagecontainers/default.yaml:17-26, pkg/utils/storage.go (pvc, oci)
STORAGE = re.compile(r"(gs|s3|hdfs|hf|modelscope|webhdfs|https|pvc|oci)://.+")
MODE = "serving.kserve.io/deploymentMode"
CLASS = "serving.kserve.io/autoscalerClass"
MODES = ("Knative", "Standard")  # pkg/constants/constants.go:464-467
CLASSES = ("hpa", "external", "keda", "none")  # pkg/constants/constants.go:277-282
METRICS = {"knative": {"concurrency", "rps"}, "hpa": {"cpu", "memory"}}
"""pkg/constants/constants.go:285-294."""
KNATIVE_ONLY = ("containerConcurrency", "canaryTrafficPercent")
INITIAL_SCALE = "autoscaling.knative.dev/initial-scale"
NO_REVISION = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/max-scale")


def mode_of(item: Object) -> str:
    return str(item["metadata"].get("annotations", {}).get(MODE, "Knative"))


# InferenceService ---------------------------------------------------------------------------


def service_errors(service: Object, knative: Knative = knative_rules.STOCK) -> list[str]:
    """Errors of an InferenceService, and of the revisions that KServe would ask Knative for."""
    mode = mode_of(service)
    if mode not in MODES:
        return [f"{MODE}: must be Knative or Standard"]
    found = list(_identity_errors(service))
    for role in ("predictor", "transformer"):
        component = service["spec"].get(role)
        if component is not None:
            found += [f"{role}.{error}" for error in _component_errors(component, service)]
            if mode == "Knative":
                given = revision_annotations(service, component, knative)
                found += [
                    f"{role}.{one}" for one in knative_rules.errors(component, given, knative)
                ]
    found += _transformer_errors(service["spec"].get("transformer"))
    return found


def revision_annotations(service: Object, component: Object, knative: Knative) -> dict[str, str]:
    """What KServe writes on the revision, which is what Knative then judges.

    A forbidden zero is dropped from the InferenceService's own annotations and from those only
    (pkg/controller/v1beta1/inferenceservice/controller.go:257-267); the component's are laid over
    them (components/predictor.go:513) and go to the revision as they are
    (reconcilers/knative/ksvc_reconciler.go:102-205).
    """
    own = dict(service["metadata"].get("annotations", {}))
    if own.get(INITIAL_SCALE) == "0" and not knative.allow_zero_initial_scale:
        del own[INITIAL_SCALE]
    # pkg/controller/v1alpha1/utils/utils.go:48-90
    scale = {
        NO_REVISION[0]: str(component.get("minReplicas", 1)),
        NO_REVISION[1]: str(component.get("maxReplicas", 0)),
    }
    return own | component.get("annotations", {}) | scale


def _identity_errors(service: Object) -> Iterator[str]:
    name = service["metadata"]["name"]
    if not NAME.fullmatch(name):
        yield f"name: {name} is no DNS label"
    if len(name) > MAX_NAME:
        yield f"name: longer than {MAX_NAME}"
    yield from label_errors(service)
    yield from _annotation_errors(service)


def label_errors(item: Object) -> Iterator[str]:
    visibility = {
        "Knative": "networking.knative.dev/visibility",
        "Standard": "networking.kserve.io/visibility",
    }[mode_of(item)]
    labels = item["metadata"].get("labels", {})
    if labels.get(visibility) != "cluster-local":  # house
        yield f"labels: {visibility} must be cluster-local, or the service is public"
    for key, value in labels.items():
        if not re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", str(value)):
            yield f"labels.{key}: {value} is no label value"


def _annotation_errors(service: Object) -> Iterator[str]:
    annotations = service["metadata"].get("annotations", {})
    for key in NO_REVISION:  # house: KServe writes them itself
        if key in annotations:
            yield f"annotations.{key}: use minReplicas and maxReplicas"
    # pkg/apis/serving/v1beta1/inference_service_validation.go:477-491
    scaler = annotations.get(CLASS, "hpa")
    if scaler not in CLASSES:
        yield f"annotations: autoscalerClass {scaler} is unknown"


def _component_errors(component: Object, service: Object) -> Iterator[str]:
    mode = mode_of(service)
    yield from replica_errors(component)
    scaler = "knative"
    if mode == "Standard":
        scaler = service["metadata"]["annotations"].get(CLASS, "hpa")
        # house: pkg/controller/v1beta1/inferenceservice/reconcilers/deployment has neither
        yield from (f"{one}: ignored in Standard mode" for one in KNATIVE_ONLY if one in component)
        for key in component.get("annotations", {}):
            if ".knative.dev/" in key:
                yield f"annotations.{key}: ignored in Standard mode"
    elif "deploymentStrategy" in component:
        # pkg/apis/serving/v1beta1/inference_service_validation.go:645-648
        yield "deploymentStrategy: only in Standard mode"
    yield from scaler_errors(component, scaler)
    # pkg/apis/serving/v1beta1/predictor_custom.go:94-104
    if not any(one["name"] == "kserve-container" for one in component["containers"]):
        yield "containers: none is called kserve-container"
    for container in component["containers"]:
        yield from _container_errors(container, component)


def replica_errors(component: Object) -> Iterator[str]:
    """pkg/apis/serving/v1beta1/component.go:374-388."""
    fewest, most = component.get("minReplicas", 1), component.get("maxReplicas", 0)
    if fewest < 0 or most < 0:
        yield "minReplicas, maxReplicas: must not be negative"
    if most and fewest > most:
        yield "minReplicas: above maxReplicas"


def scaler_errors(component: Object, scaler: str) -> Iterator[str]:
    """pkg/apis/serving/v1beta1/inference_service_validation.go:446-466, 527-667."""
    metric, target = component.get("scaleMetric"), component.get("scaleTarget", 1)
    if scaler == "keda":
        if metric is not None:
            yield "scaleMetric: is not supported for KEDA"
        yield from _trigger_errors(component)
        return
    if metric is not None and metric not in METRICS.get(scaler, {metric}):
        yield f"scaleMetric: {metric} is not supported by {scaler}"
    if scaler == "hpa":
        # house: pkg/controller/v1beta1/inferenceservice/reconcilers/hpa/hpa_reconciler.go:153-158
        if component.get("minReplicas", 1) == 0:
            yield "minReplicas: an HPA keeps 1, whatever is asked"
        if not 1 <= target <= 100:
            yield "scaleTarget: must be 1 to 100 percent"
    elif target < 1:
        yield "scaleTarget: must be at least 1"


def _trigger_errors(component: Object) -> Iterator[str]:
    """pkg/apis/serving/v1beta1/inference_service_validation.go:572-633, 508-525."""
    metrics = component.get("autoScaling", {}).get("metrics", ())
    if not metrics:  # house: a ScaledObject without triggers is refused by KEDA
        yield "autoScaling.metrics: KEDA needs at least one"
    for metric in metrics:
        kind = metric["type"]
        if kind == "Resource":
            target = metric["resource"]["target"]
            if metric["resource"]["name"] == "cpu" and target.get("type") != "Utilization":
                yield "autoScaling: the cpu target value type should be Utilization"
            if not 1 <= target.get("averageUtilization", 0) <= 100:
                yield "autoScaling: averageUtilization must be 1 to 100"
            if component.get("minReplicas", 1) == 0 and len(metrics) == 1:
                # house: KEDA's cpu scaler needs a pod to measure
                yield "autoScaling: cpu alone never wakes a component without pods"
        elif kind == "External":
            external = metric["external"]
            if not external["metric"].get("query"):
                yield "autoScaling: the query should not be empty"
            if not external["target"].get("value"):
                yield "autoScaling: the target threshold value should not be empty"
        else:
            yield f"autoScaling: {kind} is none of Resource, External"


def _container_errors(container: Object, component: Object) -> Iterator[str]:
    values = {variable["name"]: variable.get("value") for variable in container.get("env", ())}
    # The CRD's env is a list-map by name (config/crd/full), as in core Kubernetes.
    if len(values) != len(container.get("env", ())):
        yield "env: a name is used twice"
    # pkg/validation/env_policy.go:25-27
    if "PYTHONPATH" in values:
        yield "env.PYTHONPATH: refused since KServe 0.18"
    # pkg/apis/serving/v1beta1/predictor_custom.go:51-62
    if values.get("PROTOCOL", "v1") not in ("v1", "v2"):
        yield "env.PROTOCOL: must be v1 or v2"
    storage = values.get("STORAGE_URI")
    if storage is not None and not STORAGE.fullmatch(storage):
        yield f"env.STORAGE_URI: {storage} has no scheme that KServe knows"
    # pkg/apis/serving/v1beta1/inference_service_validation.go:147-149
    if storage is not None and "storageUris" in component:
        yield "storageUris: not beside STORAGE_URI"
    yield from _resource_errors(container.get("resources", {}))


def _resource_errors(resources: Object) -> Iterator[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in ("cpu", "memory"):
        # house: pkg/apis/serving/v1beta1/inference_service_defaults.go:59-95
        if name not in requests or name not in limits:
            yield f"resources.{name}: KServe fills the gap with 1 CPU or 2Gi; state both"
    for name, wanted in requests.items():
        if name in limits and quantity(wanted) > quantity(limits[name]):
            yield f"resources.{name}: the request is above the limit"
    # Kubernetes: extended resources cannot be overcommitted.
    for name in {*requests, *limits}:
        if "/" in name and requests.get(name) != limits.get(name):
            yield f"resources.{name}: request and limit must be equal"


def quantity(text: str | float) -> float:
    """A Kubernetes quantity as a number. Raises ValueError for what is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?", str(text))
    if match is None:
        raise ValueError(f"{text} is no quantity")
    powers = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "m": 1e-3}
    powers |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
    return float(match[1]) * powers.get(match[2] or "", 1)


def _transformer_errors(transformer: Object | None) -> Iterator[str]:
    """house: pkg/apis/serving/v1beta1/transformer_custom.go:111-115."""
    if transformer is None or "containerConcurrency" not in transformer:
        return
    if not any("--workers" in one.get("args", ()) for one in transformer["containers"]):
        yield "transformer.args: without --workers KServe starts one process per request at once"
