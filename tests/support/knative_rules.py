"""What Knative Serving's validating webhook refuses in a revision, as KServe would hand it over.

From knative/serving: pkg/apis/serving/k8s_validation.go, fieldmask.go, pkg/apis/autoscaling and the
defaults of config-features and config-defaults. A fault is one line: where, and what.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

Component = Mapping[str, Any]
MAX_TIMEOUT_S = 600
MAX_CONCURRENCY = 1000
FORBIDDEN = ("terminationGracePeriodSeconds", "restartPolicy", "nodeName", "activeDeadlineSeconds")
BEHIND_FLAGS = {
    "nodeSelector": "nodeselector",
    "tolerations": "tolerations",
    "affinity": "affinity",
    "topologySpreadConstraints": "topologyspreadconstraints",
    "runtimeClassName": "runtimeclassname",
    "priorityClassName": "priorityclassname",
    "schedulerName": "schedulername",
    "securityContext": "securitycontext",
    "initContainers": "init-containers",
    "hostIPC": "hostipc",
    "dnsPolicy": "dnspolicy",
    "dnsConfig": "dnsconfig",
}
RESERVED_PATHS = frozenset({"/", "/dev", "/dev/log", "/tmp", "/var", "/var/log"})
RESERVED_ENV = frozenset({"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"})
RESERVED_PORTS = frozenset({8008, 8012, 8013, 8022, 9090, 9091})
CONTAINER_SECURITY = frozenset(
    {
        "allowPrivilegeEscalation",
        "capabilities",
        "readOnlyRootFilesystem",
        "runAsNonRoot",
        "runAsUser",
        "seccompProfile",
    }
)
VOLUMES = frozenset({"configMap", "secret", "projected", "emptyDir"})
_AUTOSCALING = "autoscaling.knative.dev/"
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def faults(component: Component, features: frozenset[str] = frozenset()) -> list[str]:
    """Every fault of a component; `features` are the flags of config-features that are on."""
    return [
        *_pod_faults(component, features),
        *_limit_faults(component),
        *_annotation_faults(component.get("annotations", {})),
        *_volume_faults(component, features),
        *(fault for one in component["containers"] for fault in _container_faults(one, features)),
    ]


def needed_features(component: Component) -> frozenset[str]:
    """The flags without which Knative would refuse the component."""
    known = [f"kubernetes.podspec-{flag}" for flag in BEHIND_FLAGS.values()]
    known += ["kubernetes.podspec-persistent-volume-claim", "kubernetes.podspec-fieldref"]
    known += ["kubernetes.podspec-persistent-volume-write"]
    everything = frozenset(known)
    base = set(faults(component, everything))
    return frozenset(one for one in known if set(faults(component, everything - {one})) - base)


def _pod_faults(component: Component, features: frozenset[str]) -> Iterator[str]:
    for name in FORBIDDEN:
        if name in component:
            yield f"{name}: never allowed"
    for name, flag in BEHIND_FLAGS.items():
        if name in component and f"kubernetes.podspec-{flag}" not in features:
            yield f"{name}: needs the feature kubernetes.podspec-{flag}"
    if component.get("automountServiceAccountToken") is True:
        yield "automountServiceAccountToken: only false is allowed"
    ports = [port for one in component["containers"] for port in one.get("ports", ())]
    if len(ports) > 1:
        yield "containers: more than one port"


def _limit_faults(component: Component) -> Iterator[str]:
    if not 0 < component.get("timeout", 300) <= MAX_TIMEOUT_S:
        yield f"timeout: must be 1 to {MAX_TIMEOUT_S}"
    if not 0 <= component.get("containerConcurrency", 0) <= MAX_CONCURRENCY:
        yield f"containerConcurrency: must be 0 to {MAX_CONCURRENCY}"


def seconds(duration: str) -> float | None:
    """A Go duration of one unit, such as 90s; None if it is none."""
    match = re.fullmatch(r"(\d+)([hms])", duration)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def _annotation_faults(annotations: Mapping[str, str]) -> Iterator[str]:
    durations = {
        f"{_AUTOSCALING}window": (6, 3600),
        f"{_AUTOSCALING}scale-down-delay": (0, 3600),
        f"{_AUTOSCALING}scale-to-zero-pod-retention-period": (0, 3600),
        "serving.knative.dev/progress-deadline": (1, float("inf")),
    }
    numbers = {
        f"{_AUTOSCALING}target": (0.01, float("inf")),
        f"{_AUTOSCALING}target-utilization-percentage": (1, 100),
        f"{_AUTOSCALING}target-burst-capacity": (-1, float("inf")),
        f"{_AUTOSCALING}activation-scale": (2, float("inf")),
        f"{_AUTOSCALING}initial-scale": (0, float("inf")),
    }
    for name, value in annotations.items():
        if not isinstance(value, str):
            yield f"{name}: annotations are strings"
        elif name in durations:
            low, high = durations[name]
            length = seconds(value)
            if length is None or not low <= length <= high:
                yield f"{name}: must be a duration of {low} to {high} seconds"
        elif name in numbers:
            low, high = numbers[name]
            if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not low <= float(value) <= high:
                yield f"{name}: must be {low} to {high}"
        elif name.startswith(_AUTOSCALING):
            yield f"{name}: unknown annotation"


def _volume_faults(component: Component, features: frozenset[str]) -> Iterator[str]:
    mounted = {
        mount["name"] for one in component["containers"] for mount in one.get("volumeMounts", ())
    }
    claim = "kubernetes.podspec-persistent-volume-claim"
    write = "kubernetes.podspec-persistent-volume-write"
    for volume in component.get("volumes", ()):
        name = volume["name"]
        kinds = volume.keys() - {"name"}
        if name not in mounted:
            yield f"volumes.{name}: not mounted"
        if kinds == {"persistentVolumeClaim"}:
            if claim not in features:
                yield f"volumes.{name}: needs the feature {claim}"
            if not volume["persistentVolumeClaim"].get("readOnly") and write not in features:
                yield f"volumes.{name}: needs the feature {write}"
        elif len(kinds) != 1 or not kinds <= VOLUMES:
            yield f"volumes.{name}: must be one of {', '.join(sorted(VOLUMES))}"
    for name in mounted - {volume["name"] for volume in component.get("volumes", ())}:
        yield f"volumeMounts.{name}: no such volume"


def _container_faults(container: Component, features: frozenset[str]) -> Iterator[str]:
    if container.get("lifecycle"):
        yield "lifecycle: never allowed"
    if container["name"] == "queue-proxy":
        yield "name: queue-proxy is reserved"
    yield from _port_faults(container)
    yield from _env_faults(container, features)
    yield from _mount_faults(container)
    allowed = CONTAINER_SECURITY
    if "kubernetes.podspec-securitycontext" in features:
        allowed = allowed | {"runAsGroup"}
    for name in container.get("securityContext", {}).keys() - allowed:
        yield f"securityContext.{name}: not allowed"
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if name in container:
            yield from _probe_faults(name, container[name])


def _port_faults(container: Component) -> Iterator[str]:
    for port in container.get("ports", ()):
        if port.get("name", "") not in ("", "h2c", "http1"):
            yield "ports.name: must be empty, h2c or http1"
        if port.get("protocol", "TCP") != "TCP":
            yield "ports.protocol: must be TCP"
        if port["containerPort"] in RESERVED_PORTS:
            yield f"ports.containerPort: {port['containerPort']} belongs to the queue-proxy"
        for name in port.keys() - {"name", "protocol", "containerPort"}:
            yield f"ports.{name}: not allowed"


def _env_faults(container: Component, features: frozenset[str]) -> Iterator[str]:
    for variable in container.get("env", ()):
        if variable["name"] in RESERVED_ENV:
            yield f"env.{variable['name']}: reserved"
        refers = variable.get("valueFrom", {}).keys() & {"fieldRef", "resourceFieldRef"}
        if refers and "kubernetes.podspec-fieldref" not in features:
            yield f"env.{variable['name']}: needs the feature kubernetes.podspec-fieldref"


def _mount_faults(container: Component) -> Iterator[str]:
    paths = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
    for path in paths:
        if not path.startswith("/"):
            yield f"volumeMounts: {path} is no absolute path"
        if posixpath.normpath(path) in RESERVED_PATHS:
            yield f"volumeMounts: {path} is a reserved path"
        if paths.count(path) > 1:
            yield f"volumeMounts: {path} is used twice"


def _probe_faults(name: str, probe: Component) -> Iterator[str]:
    """Without a period the queue-proxy probes many times a second, by rules of its own."""
    if sum(kind in probe for kind in ("httpGet", "tcpSocket", "exec", "grpc")) != 1:
        yield f"{name}: needs exactly one handler"
    if name == "readinessProbe" and not probe.get("periodSeconds"):
        for key in ("failureThreshold", "timeoutSeconds"):
            if probe.get(key):
                yield f"{name}.{key}: not without periodSeconds"
    if name != "readinessProbe" and probe.get("successThreshold", 1) != 1:
        yield f"{name}.successThreshold: must be 1"
