"""A cluster's API server, as far as Helm's `--dry-run=server` asks it: what exists, read only."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Object = Mapping[str, Any]
KINDS = {
    "v1": {
        "configmaps": "ConfigMap",
        "limitranges": "LimitRange",
        "namespaces": "Namespace",
        "nodes": "Node",
        "persistentvolumeclaims": "PersistentVolumeClaim",
        "pods": "Pod",
        "resourcequotas": "ResourceQuota",
        "secrets": "Secret",
        "serviceaccounts": "ServiceAccount",
        "services": "Service",
    },
    "apps/v1": {"deployments": "Deployment"},
    "batch/v1": {"jobs": "Job"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "storage.k8s.io/v1": {"storageclasses": "StorageClass"},
    "serving.kserve.io/v1alpha1": {
        "clusterstoragecontainers": "ClusterStorageContainer",
        "inferencegraphs": "InferenceGraph",
    },
    "serving.kserve.io/v1beta1": {"inferenceservices": "InferenceService"},
    "serving.knative.dev/v1": {"services": "Service"},
}
GLOBAL = {"Namespace", "Node", "StorageClass", "ClusterStorageContainer"}


def config(name: str, **data: str) -> Object:
    """A ConfigMap of Knative. Keys may have `_` for `-`."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "knative-serving"},
        "data": {key.replace("_", "-"): value for key, value in data.items()},
    }


def item(api: str, kind: str, name: str, namespace: str = "", **fields: Any) -> Object:
    metadata = {"name": name, **fields.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


@contextmanager
def cluster(*objects: Object, version: str = "v1.34.0") -> Iterator[str]:
    """The address of a cluster of this Kubernetes in which these objects are, and no others."""
    answers = _discovery(version) | _lists(objects) | {_path(one): one for one in objects}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _path(one: Object) -> str:
    return f"{_folder(one)}/{one['metadata']['name']}"


def _folder(one: Object) -> str:
    api, kind, namespace = one["apiVersion"], one["kind"], one["metadata"].get("namespace", "")
    plural = next(name for name, known in KINDS[api].items() if known == kind)
    return f"{_root(api)}{f'/namespaces/{namespace}' if namespace else ''}/{plural}"


def _root(api: str) -> str:
    return f"/apis/{api}" if "/" in api else f"/api/{api}"


def _lists(objects: tuple[Object, ...]) -> dict[str, Any]:
    """What may be listed: cluster-scoped kinds, and what is there in a namespace."""
    answers: dict[str, Any] = {}
    for api, kinds in KINDS.items():
        for plural, kind in kinds.items():
            if kind in GLOBAL:
                found = [one for one in objects if one["kind"] == kind]
                body = {"kind": f"{kind}List", "apiVersion": api, "items": found}
                answers[f"{_root(api)}/{plural}"] = body
    for folder in {_folder(one) for one in objects}:
        found = [one for one in objects if _folder(one) == folder]
        kind, api = found[0]["kind"], found[0]["apiVersion"]
        answers[folder] = {"kind": f"{kind}List", "apiVersion": api, "items": found}
    return answers


def _discovery(version: str) -> dict[str, Any]:
    major, minor = version.removeprefix("v").split(".")[:2]
    answers: dict[str, Any] = {
        "/version": {"major": major, "minor": minor, "gitVersion": version},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [_group(*name.split("/")) for name in KINDS if "/" in name],
        },
    }
    for name, kinds in KINDS.items():
        resources = [
            {"name": plural, "namespaced": kind not in GLOBAL, "kind": kind, "verbs": ["get"]}
            for plural, kind in kinds.items()
        ]
        answers[_root(name)] = {
            "kind": "APIResourceList",
            "groupVersion": name,
            "resources": resources,
        }
    return answers


def _group(name: str, version: str) -> dict[str, Any]:
    one = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [one], "preferredVersion": one}


def _handler(answers: Mapping[str, Any]) -> type[http.server.BaseHTTPRequestHandler]:
    missing = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # one connection for the forty questions of an install
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = json.dumps(found or missing).encode()
            self.send_response(200 if found else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
