"""A cluster's API server, as far as `helm template --dry-run=server` asks it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

KINDS = {
    "v1": {
        "configmaps": "ConfigMap",
        "namespaces": "Namespace",
        "persistentvolumeclaims": "PersistentVolumeClaim",
        "pods": "Pod",
        "serviceaccounts": "ServiceAccount",
        "services": "Service",
    },
    "apps/v1": {"deployments": "Deployment"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "serving.kserve.io/v1beta1": {"inferenceservices": "InferenceService"},
    "serving.knative.dev/v1": {"services": "Service"},
}
FEATURES = "/api/v1/namespaces/knative-serving/configmaps/config-features"


@contextmanager
def cluster(features: Mapping[str, str] | None) -> Iterator[str]:
    """The address of a cluster whose config-features holds `features`; None: it has none."""
    answers = _discovery()
    if features is not None:
        metadata = {"name": "config-features", "namespace": "knative-serving"}
        answers[FEATURES] = {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": metadata,
            "data": dict(features),
        }
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(answers)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _discovery() -> dict[str, Any]:
    answers: dict[str, Any] = {
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [_group(*name.split("/")) for name in KINDS if "/" in name],
        },
    }
    for name, kinds in KINDS.items():
        resources = [
            {"name": plural, "namespaced": True, "kind": kind, "verbs": ["get"]}
            for plural, kind in kinds.items()
        ]
        path = f"/apis/{name}" if "/" in name else f"/api/{name}"
        answers[path] = {"kind": "APIResourceList", "groupVersion": name, "resources": resources}
    return answers


def _group(name: str, version: str) -> dict[str, Any]:
    one = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [one], "preferredVersion": one}


def _handler(answers: Mapping[str, Any]) -> type[http.server.BaseHTTPRequestHandler]:
    missing = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}

    class Handler(http.server.BaseHTTPRequestHandler):
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
