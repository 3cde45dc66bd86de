"""What Knative Serving's webhook refuses in the revision that KServe makes of a component.

Paths and lines are of knative/serving v0.48.1 (knative-v1.21.1, which docs/install.md installs). In
v0.45.0 (1.18) to v0.50.0 (1.23) annotation_validation.go and defaults.go are the same files; what
changed elsewhere (image volumes, secure-pod-defaults) is not used. An error is one line.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Component = Mapping[str, Any]
_AUTOSCALING = "autoscaling.knative.dev/"
_SECONDS = {"h": 3600, "m": 60, "s": 1}

# pkg/apis/serving/fieldmask.go:289-298
FORBIDDEN = ("terminationGracePeriodSeconds", "restartPolicy", "nodeName", "activeDeadlineSeconds")
# pkg/apis/serving/fieldmask.go:237-288, off by pkg/apis/config/features.go:82-117
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
# pkg/apis/serving/k8s_validation.go:129-140, 185-187
VOLUME_FLAGS = {"hostPath": "volumes-hostpath", "csi": "volumes-csi", "image": "volumes-image"}
CLAIM_FLAGS = ("persistent-volume-claim", "persistent-volume-write")
FLAGS = frozenset(
    f"kubernetes.podspec-{flag}"
    for flag in (*BEHIND_FLAGS.values(), *VOLUME_FLAGS.values(), *CLAIM_FLAGS, "fieldref")
)
"""Every feature that these rules know."""
# pkg/apis/serving/k8s_validation.go:44-48, 54-59, 61-67, 50-52, 75-79
RESERVED_PATHS = frozenset({"/", "/dev", "/dev/log"})
RESERVED_ENV = frozenset({"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"})
RESERVED_PORTS = frozenset({8008, 8012, 8013, 8022, 9090, 9091})
RESERVED_NAMES = frozenset({"queue-proxy"})
PORT_NAMES = frozenset({"", "h2c", "http1"})
# pkg/apis/serving/fieldmask.go:707-738
CONTAINER_SECURITY = frozenset(
    {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem", "seccompProfile"}
    | {"runAsNonRoot", "runAsUser", "runAsGroup"}
)
# pkg/apis/serving/fieldmask.go:683-699
POD_SECURITY = frozenset(
    {"runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "supplementalGroups", "seccompProfile"}
)
IMAGE = re.compile(r"[a-z0-9._:/-]+/[a-z0-9._/-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?")
ALWAYS_VOLUMES = frozenset({"configMap", "secret", "projected", "emptyDir"})


@dataclass(frozen=True)
class Knative:
    """What an operator may set. The defaults are those of a fresh install."""

    features: frozenset[str] = frozenset()
    """Flags of config-features that are on."""
    allow_zero_initial_scale: bool = False
    """config/core/configmaps/autoscaler.yaml, allow-zero-initial-scale."""
    max_timeout_s: int = 600
    """config/core/configmaps/defaults.yaml:55."""
    max_concurrency: int = 1000
    """pkg/apis/config/defaults.go:68."""


STOCK = Knative()


def errors(
    component: Component, annotations: Mapping[str, str], knative: Knative = STOCK
) -> list[str]:
    """Every error of a component whose revision gets these annotations."""
    return [
        *_pod_errors(component, knative),
        *_limit_errors(component, knative),
        *_annotation_errors(annotations, knative),
        *_volume_errors(component, knative),
        *(error for one in component["containers"] for error in _container_errors(one, knative)),
        *_mount_errors(component),
    ]


def needed_features(component: Component) -> frozenset[str]:
    """The flags without which Knative would refuse the component."""
    base = set(errors(component, {}, Knative(FLAGS)))
    return frozenset(
        one for one in FLAGS if set(errors(component, {}, Knative(FLAGS - {one}))) - base
    )


def _pod_errors(component: Component, knative: Knative) -> Iterator[str]:
    for name in FORBIDDEN:
        if name in component:
            yield f"{name}: never allowed"
    for name, flag in BEHIND_FLAGS.items():
        if name in component and f"kubernetes.podspec-{flag}" not in knative.features:
            yield f"{name}: needs the feature kubernetes.podspec-{flag}"
    # pkg/apis/serving/fieldmask.go:663-702
    for name in component.get("securityContext", {}).keys() - POD_SECURITY:
        yield f"securityContext.{name}: not allowed"
    # pkg/apis/serving/fieldmask.go:232-235
    if component.get("automountServiceAccountToken") is True:
        yield "automountServiceAccountToken: only false is allowed"
    # pkg/apis/serving/k8s_validation.go:524-531
    ports = [port for one in component["containers"] for port in one.get("ports", ())]
    if len(ports) > 1:
        yield "containers: more than one port"


def _limit_errors(component: Component, knative: Knative) -> Iterator[str]:
    # pkg/apis/serving/v1/revision_validation.go:174-184
    if not 0 <= component.get("timeout", 300) <= knative.max_timeout_s:
        yield f"timeout: must be 0 to {knative.max_timeout_s}"
    # pkg/apis/serving/metadata_validation.go:92-107
    if not 0 <= component.get("containerConcurrency", 0) <= knative.max_concurrency:
        yield f"containerConcurrency: must be 0 to {knative.max_concurrency}"


def seconds(duration: str) -> float | None:
    """A Go duration of one unit, such as 90s; None if it is none."""
    match = re.fullmatch(r"(\d+)([hms])", duration)
    return int(match[1]) * _SECONDS[match[2]] if match else None


DURATIONS = {
    # pkg/apis/autoscaling/annotation_validation.go:164-176, 135-149, 151-162
    f"{_AUTOSCALING}window": (6, 3600),
    f"{_AUTOSCALING}scale-down-delay": (0, 3600),
    f"{_AUTOSCALING}scale-to-zero-pod-retention-period": (0, 3600),
    # pkg/apis/serving/v1/revision_validation.go:223-247, ../metadata_validation.go:52-76
    "serving.knative.dev/progress-deadline": (0, float("inf")),
    "serving.knative.dev/rollout-duration": (0, float("inf")),
}
NUMBERS = {
    # pkg/apis/autoscaling/annotation_validation.go:111-117, 119-125, 127-131, 33-51
    f"{_AUTOSCALING}target": (0.01, float("inf")),
    f"{_AUTOSCALING}target-utilization-percentage": (1, 100),
    f"{_AUTOSCALING}target-burst-capacity": (-1, float("inf")),
    f"{_AUTOSCALING}min-scale": (0, 2**31 - 1),
    f"{_AUTOSCALING}max-scale": (0, 2**31 - 1),
    f"{_AUTOSCALING}initial-scale": (0, float("inf")),
}


def _annotation_errors(annotations: Mapping[str, str], knative: Knative) -> Iterator[str]:
    for name, value in annotations.items():
        if not isinstance(value, str):
            yield f"{name}: annotations are strings"
        elif name in DURATIONS:
            low, high = DURATIONS[name]
            length = seconds(value)
            if length is None or not low <= length <= high:
                yield f"{name}: must be a duration of {low} to {high} seconds"
        elif name in NUMBERS:
            low, high = NUMBERS[name]
            if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not low <= float(value) <= high:
                yield f"{name}: must be {low} to {high}"
    # pkg/apis/autoscaling/annotation_validation.go:265-277
    zero = annotations.get(f"{_AUTOSCALING}initial-scale") == "0"
    if zero and not knative.allow_zero_initial_scale:
        yield f"{_AUTOSCALING}initial-scale: 0 not allowed by cluster"
    yield from _scale_errors(annotations)


def _scale_errors(annotations: Mapping[str, str]) -> Iterator[str]:
    """pkg/apis/autoscaling/annotation_validation.go:178-216."""
    fewest, most, activation = (
        int(annotations.get(f"{_AUTOSCALING}{name}", default))
        for name, default in (("min-scale", "0"), ("max-scale", "0"), ("activation-scale", "2"))
    )
    if most and most < fewest:
        yield f"max-scale={most} is less than min-scale={fewest}"
    if f"{_AUTOSCALING}activation-scale" not in annotations:
        return
    if fewest > activation:
        yield f"min-scale={fewest} is greater than activation-scale={activation}"
    elif most and most < activation:
        yield f"max-scale={most} is less than activation-scale={activation}"
    elif activation < 2:
        yield f"activation-scale={activation} must be greater than 1"


def _volume_errors(component: Component, knative: Knative) -> Iterator[str]:
    mounted = {
        mount["name"]
        for one in (*component["containers"], *component.get("initContainers", ()))
        for mount in one.get("volumeMounts", ())
    }
    for volume in component.get("volumes", ()):
        name, kinds = volume["name"], volume.keys() - {"name"}
        # pkg/apis/serving/k8s_validation.go:93-98
        if name not in mounted:
            yield f"volumes.{name}: not mounted"
        # pkg/apis/serving/k8s_validation.go:190-211
        if len(kinds) != 1:
            yield f"volumes.{name}: must have one source"
        for kind in kinds - ALWAYS_VOLUMES:
            for flag in _volume_flags(kind, volume[kind]):
                if f"kubernetes.podspec-{flag}" not in knative.features:
                    yield f"volumes.{name}: needs the feature kubernetes.podspec-{flag}"
    # pkg/apis/serving/k8s_validation.go:697-702
    for name in mounted - {volume["name"] for volume in component.get("volumes", ())}:
        yield f"volumeMounts.{name}: no such volume"


def _volume_flags(kind: str, source: Mapping[str, Any]) -> tuple[str, ...]:
    """pkg/apis/serving/k8s_validation.go:105-140; another kind is masked away."""
    if kind == "persistentVolumeClaim":
        return CLAIM_FLAGS[:1] if source.get("readOnly") else CLAIM_FLAGS
    return (VOLUME_FLAGS.get(kind, f"no-volume-of-kind-{kind}"),)


def _mount_errors(component: Component) -> Iterator[str]:
    sources = {one["name"]: one for one in component.get("volumes", ())}
    for container in component["containers"]:
        mounts = container.get("volumeMounts", ())
        paths = [posixpath.normpath(mount["mountPath"]) for mount in mounts]
        for mount, path in zip(mounts, paths, strict=True):
            # pkg/apis/serving/k8s_validation.go:705-718
            if not path.startswith("/"):
                yield f"volumeMounts: {path} is no absolute path"
            if path in RESERVED_PATHS:
                yield f"volumeMounts: {path} is a reserved path"
            if paths.count(path) > 1:
                yield f"volumeMounts: {path} is used twice"
            # pkg/apis/serving/k8s_validation.go:720-726
            writable = {"emptyDir", "persistentVolumeClaim"} & sources.get(mount["name"], {}).keys()
            if not writable and not mount.get("readOnly"):
                yield f"volumeMounts: {path} must be readOnly"


def _container_errors(container: Component, knative: Knative) -> Iterator[str]:
    # pkg/apis/serving/fieldmask.go:332-338
    if container.get("lifecycle"):
        yield "lifecycle: never allowed"
    # pkg/apis/serving/k8s_validation.go:604-609
    if container["name"] in RESERVED_NAMES:
        yield f"name: {container['name']} is reserved"
    # pkg/apis/serving/k8s_validation.go:616-625
    if not IMAGE.fullmatch(container["image"]):
        yield f"image: {container['image']} is no reference"
    yield from _port_errors(container)
    yield from _env_errors(container, knative)
    for name in container.get("securityContext", {}).keys() - CONTAINER_SECURITY:
        yield f"securityContext.{name}: not allowed"
    for name in ("readinessProbe", "livenessProbe"):
        if name in container:
            yield from _probe_errors(name, container[name])


def _port_errors(container: Component) -> Iterator[str]:
    for port in container.get("ports", ()):
        # pkg/apis/serving/k8s_validation.go:767-778, 798-801; pkg/apis/serving/fieldmask.go:480-498
        if port.get("name", "") not in PORT_NAMES:
            yield "ports.name: must be empty, h2c or http1"
        if port.get("protocol", "TCP") != "TCP":
            yield "ports.protocol: must be TCP"
        if port["containerPort"] in RESERVED_PORTS:
            yield f"ports.containerPort: {port['containerPort']} belongs to the queue-proxy"
        for name in port.keys() - {"name", "protocol", "containerPort"}:
            yield f"ports.{name}: not allowed"


def _env_errors(container: Component, knative: Knative) -> Iterator[str]:
    for variable in container.get("env", ()):
        # pkg/apis/serving/k8s_validation.go:344-349
        if variable["name"] in RESERVED_ENV:
            yield f"env.{variable['name']}: reserved"
        # pkg/apis/serving/k8s_validation.go:324-330
        refers = variable.get("valueFrom", {}).keys() & {"fieldRef", "resourceFieldRef"}
        if refers and "kubernetes.podspec-fieldref" not in knative.features:
            yield f"env.{variable['name']}: needs the feature kubernetes.podspec-fieldref"


def _probe_errors(name: str, probe: Component) -> Iterator[str]:
    # pkg/apis/serving/k8s_validation.go:904-908
    if sum(kind in probe for kind in ("httpGet", "tcpSocket", "exec", "grpc")) != 1:
        yield f"{name}: needs exactly one handler"
    if name != "readinessProbe":
        return
    # pkg/apis/serving/k8s_validation.go:828-851; defaults: pkg/apis/serving/v1/revision_defaults.go
    for key in ("failureThreshold", "timeoutSeconds"):
        if not probe.get("periodSeconds") and probe.get(key):
            yield f"{name}.{key}: not without periodSeconds"
