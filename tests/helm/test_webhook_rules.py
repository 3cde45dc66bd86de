"""The rules themselves: one broken service or graph per rule is refused, by its own error."""

import copy

import graph_rules
import helm_models
import helm_shapes
import jsonschema
import pytest
import webhook_rules
from helm_values import of_kind, services


def _set(path, value):
    def change(root):
        *parents, last = path
        for key in parents:
            root = root[key]
        root[last] = value

    return change


PREDICTOR = ("spec", "predictor")
CONTAINER = (*PREDICTOR, "containers", 0)
BROKEN_SERVICES = {
    "name: Bad_Name is no DNS label": _set(("metadata", "name"), "Bad_Name"),
    "name: longer than": _set(("metadata", "name"), "a" * 50),
    "must be Knative or Standard": _set(
        ("metadata", "annotations", webhook_rules.MODE), "Serverless"
    ),
    "or the service is public": _set(("metadata", "labels"), {}),
    "is no label value": _set(("metadata", "labels", "harmony-speech/voices"), "a,b"),
    "use minReplicas and maxReplicas": _set(
        ("metadata", "annotations", "autoscaling.knative.dev/min-scale"), "0"
    ),
    "autoscalerClass vpa is unknown": _set(
        ("metadata", "annotations", "serving.kserve.io/autoscalerClass"), "vpa"
    ),
    "minReplicas: above maxReplicas": _set((*PREDICTOR, "minReplicas"), 9),
    "scaleMetric: cpu is not supported by knative": _set((*PREDICTOR, "scaleMetric"), "cpu"),
    "initial-scale: 0 not allowed by cluster": _set(
        (*PREDICTOR, "annotations", "autoscaling.knative.dev/initial-scale"), "0"
    ),
    "scaleTarget: must be at least 1": _set((*PREDICTOR, "scaleTarget"), 0),
    "deploymentStrategy: only in Standard": _set((*PREDICTOR, "deploymentStrategy"), {}),
    "none is called kserve-container": _set((*CONTAINER, "name"), "model"),
    "env.PYTHONPATH": _set((*CONTAINER, "env"), [{"name": "PYTHONPATH", "value": "/x"}]),
    "env.PROTOCOL": _set((*CONTAINER, "env"), [{"name": "PROTOCOL", "value": "grpc"}]),
    "no scheme that KServe knows": _set(
        (*CONTAINER, "env"), [{"name": "STORAGE_URI", "value": "ftp://x"}]
    ),
    "the request is above the limit": _set((*CONTAINER, "resources", "requests", "memory"), "1Ti"),
    "resources.cpu: KServe fills the gap": _set(
        (*CONTAINER, "resources"), {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}}
    ),
    "nvidia.com/gpu: request and limit": _set(
        (*CONTAINER, "resources", "limits", "nvidia.com/gpu"), "1"
    ),
    "terminationGracePeriodSeconds: never": _set((*PREDICTOR, "terminationGracePeriodSeconds"), 60),
    "kubernetes.podspec-nodeselector": _set((*PREDICTOR, "nodeSelector"), {"a": "b"}),
    "kubernetes.podspec-securitycontext": _set((*PREDICTOR, "securityContext"), {"fsGroup": 1}),
    "securityContext.sysctls: not allowed": _set((*PREDICTOR, "securityContext"), {"sysctls": []}),
    "env: a name is used twice": lambda service: service["spec"]["predictor"]["containers"][0][
        "env"
    ].append({"name": "HOME", "value": "/x"}),
    "automountServiceAccountToken": _set((*PREDICTOR, "automountServiceAccountToken"), True),
    "timeout: must be 0 to 600": _set((*PREDICTOR, "timeout"), 601),
    "containerConcurrency: must be": _set((*PREDICTOR, "containerConcurrency"), 2000),
    "window: must be a duration": _set(
        (*PREDICTOR, "annotations", "autoscaling.knative.dev/window"), "2s"
    ),
    "activation-scale=1 must be greater than 1": _set(
        (*PREDICTOR, "annotations", "autoscaling.knative.dev/activation-scale"), "1"
    ),
    "max-scale=3 is less than activation-scale=4": _set(
        (*PREDICTOR, "annotations", "autoscaling.knative.dev/activation-scale"), "4"
    ),
    "rollout-duration: must be a duration": _set(
        (*PREDICTOR, "annotations", "serving.knative.dev/rollout-duration"), "2 minutes"
    ),
    "annotations are strings": _set((*PREDICTOR, "annotations", "x"), 1),
    "image: Registry.example.com/A:1 is no reference": _set(
        (*CONTAINER, "image"), "Registry.example.com/A:1"
    ),
    "lifecycle: never": _set((*CONTAINER, "lifecycle"), {"preStop": {}}),
    "ports.name": _set((*CONTAINER, "ports", 0, "name"), "http"),
    "belongs to the queue-proxy": _set((*CONTAINER, "ports", 0, "containerPort"), 8012),
    "more than one port": _set(
        (*CONTAINER, "ports"), [{"containerPort": 8080}, {"containerPort": 8081}]
    ),
    "env.PORT: reserved": _set((*CONTAINER, "env"), [{"name": "PORT", "value": "1"}]),
    "kubernetes.podspec-fieldref": _set(
        (*CONTAINER, "env"), [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]
    ),
    "/dev is a reserved path": _set((*CONTAINER, "volumeMounts", 0, "mountPath"), "/dev"),
    "/home/speech must be readOnly": _set(
        (*PREDICTOR, "volumes", 0), {"name": "home", "configMap": {"name": "x"}}
    ),
    "/home/speech is used twice": _set(
        (*CONTAINER, "volumeMounts", 1, "mountPath"), "/home/speech"
    ),
    "volumes.spare: not mounted": _set((*PREDICTOR, "volumes", 0, "name"), "spare"),
    "needs the feature kubernetes.podspec-persistent-volume-write": _set(
        (*PREDICTOR, "volumes", 0), {"name": "home", "persistentVolumeClaim": {"claimName": "x"}}
    ),
    "volumes.home: needs the feature kubernetes.podspec-volumes-hostpath": _set(
        (*PREDICTOR, "volumes", 0), {"name": "home", "hostPath": {"path": "/x"}}
    ),
    "securityContext.privileged: not allowed": _set(
        (*CONTAINER, "securityContext", "privileged"), True
    ),
    "failureThreshold: not without periodSeconds": _set(
        (*CONTAINER, "readinessProbe", "periodSeconds"), 0
    ),
    "exactly one handler": _set((*CONTAINER, "readinessProbe"), {"successThreshold": 1}),
}


@pytest.mark.parametrize("error", BROKEN_SERVICES)
def test_a_broken_service_is_refused(error, rendered) -> None:
    service = copy.deepcopy(services(rendered("default"))["whisper-base"])
    BROKEN_SERVICES[error](service)
    assert any(error in found for found in webhook_rules.service_errors(service))


@pytest.mark.parametrize(
    ("error", "field", "value"),
    [
        ("an HPA keeps 1", "minReplicas", 0),
        ("must be 1 to 100 percent", "scaleTarget", 101),
        ("containerConcurrency: ignored", "containerConcurrency", 1),
        ("ignored in Standard mode", "annotations", {"autoscaling.knative.dev/window": "60s"}),
        ("concurrency is not supported by hpa", "scaleMetric", "concurrency"),
    ],
)
def test_what_standard_mode_would_ignore_is_refused(error, field, value, rendered) -> None:
    service = copy.deepcopy(services(rendered("standard"))["whisper-base"])
    service["spec"]["predictor"][field] = value
    assert any(error in found for found in webhook_rules.service_errors(service))


@pytest.mark.parametrize(
    ("error", "change"),
    [
        ("is not supported for KEDA", lambda spec: spec.update(scaleMetric="cpu")),
        ("KEDA needs at least one", lambda spec: spec.pop("autoScaling")),
        (
            "the query should not be empty",
            lambda spec: spec["autoScaling"]["metrics"][0]["external"]["metric"].pop("query"),
        ),
        (
            "threshold value should not be empty",
            lambda spec: spec["autoScaling"]["metrics"][0]["external"]["target"].pop("value"),
        ),
    ],
)
def test_what_kserve_refuses_beside_keda(error, change, rendered) -> None:
    service = copy.deepcopy(services(rendered("standard-keda"))["piper-en"])
    assert webhook_rules.service_errors(service) == []
    change(service["spec"]["predictor"])
    assert any(error in found for found in webhook_rules.service_errors(service))


def test_a_zero_is_dropped_from_the_services_own_annotations_only(rendered) -> None:
    """Which is why a test that looked at those could not see what Knative refuses."""
    service = copy.deepcopy(services(rendered("default"))["whisper-base"])
    service["metadata"]["annotations"]["autoscaling.knative.dev/initial-scale"] = "0"
    assert webhook_rules.service_errors(service) == []


def test_a_transformer_without_one_worker_is_refused(rendered) -> None:
    service = copy.deepcopy(services(rendered("toolchains"))["openvoice-v2"])
    arguments = service["spec"]["transformer"]["containers"][0]["args"]
    del arguments[arguments.index("--workers") :]
    assert any("--workers" in found for found in webhook_rules.service_errors(service))


NODES = ("spec", "nodes")
BROKEN_GRAPHS = {
    "root is missing": lambda graph: graph["spec"]["nodes"].pop("root"),
    "timeout: must be": _set(("spec", "timeout"), 900),
    "routerTimeouts.serverWrite: below": _set(("spec", "routerTimeouts", "serverWrite"), 60),
    "routerType: Chain is unknown": _set((*NODES, "root", "routerType"), "Chain"),
    "weights must add up": _set((*NODES, "find-and-embed", "routerType"), "Splitter"),
    "every step needs a name": _set(
        (*NODES, "find-and-embed", "steps", 1, "name"), "detect-speech"
    ),
    "needs exactly one of": _set((*NODES, "find-and-embed", "steps", 0, "serviceName"), "x"),
    "names no other node": _set((*NODES, "root", "steps", 0, "nodeName"), "nowhere"),
    "is not Hard": _set((*NODES, "find-and-embed", "steps", 0, "dependency"), "Soft"),
    "only $response means": _set((*NODES, "find-and-embed", "steps", 1, "data"), "$request"),
    "nothing was answered": _set((*NODES, "find-and-embed", "steps", 0, "data"), "$response"),
    "needs a condition": lambda graph: graph["spec"]["nodes"]["speech"]["steps"][0].pop(
        "condition"
    ),
    "first step is a 500": _set((*NODES, "find-and-embed", "steps", 0, "condition"), "x"),
    "no V1 predict address": _set(
        (*NODES, "find-and-embed", "steps", 0, "serviceUrl"), "http://x/v2"
    ),
    "leads back to itself": _set(
        (*NODES, "find-and-embed", "steps", 0),
        {"name": "x", "nodeName": "branches", "dependency": "Hard"},
    ),
    "scaleMetric: cpu": _set(("spec", "scaleMetric"), "cpu"),
}


@pytest.mark.parametrize("error", BROKEN_GRAPHS)
def test_a_broken_graph_is_refused(error, rendered) -> None:
    graph = copy.deepcopy(of_kind(rendered("toolchains"), "InferenceGraph")["openvoice-v2-graph"])
    BROKEN_GRAPHS[error](graph)
    assert any(error in found for found in graph_rules.graph_errors(graph))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*PREDICTOR, "minReplica"), 0),
        ((*CONTAINER, "readinessprobe"), {}),
        ((*PREDICTOR, "minReplicas"), "0"),
        ((*CONTAINER, "env"), [{"value": "no name"}]),
        (("metadata", "label"), {}),
    ],
)
def test_the_models_refuse_unknown_fields_and_wrong_kinds(path, value, rendered) -> None:
    service = copy.deepcopy(services(rendered("default"))["whisper-base"])
    _set(path, value)(service)
    with pytest.raises(helm_models.Refused):
        helm_models.parse(service)


def test_kinds_without_models_are_closed_too(rendered) -> None:
    monitor = copy.deepcopy(
        of_kind(rendered("gpu-pool"), "PodMonitor")["harmony-speech-predictors"]
    )
    monitor["spec"]["podMetricsEndpoints"][0]["portnumber"] = 8080
    with pytest.raises(jsonschema.ValidationError, match="portnumber"):
        helm_shapes.check(monitor)
