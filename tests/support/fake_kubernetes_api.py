"""An API server that knows InferenceServices: list and watch over real HTTP, and every way to fail.

Versions count up with each change. A watch begins after the version it names, and answers 410 when
that change is forgotten. Everything that is asked is kept in `requests`.
"""

from __future__ import annotations

import copy
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

NAMESPACE = "speech"
TOKEN = "a-token"
_PATH = "/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices"
_LABEL = "harmony-speech/model-type"


def inference_service(
    name: str,
    model_type: str = "PiperSynthesizer",
    *,
    ready: str = "True",
    pods: int | None = 1,
    address: str | None = None,
    toolchain: str | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An object as KServe keeps it in Knative mode; `pods` as its controller writes them."""
    component = {"address": {"url": address or _url(name, "predictor")}}
    status: dict[str, Any] = {
        "conditions": [{"type": kind, "status": ready} for kind in ("PredictorReady", "Ready")],
        "address": {"url": _url(name)},
        "url": f"https://{name}.example.com",
        "components": {"predictor": {**component, "latestReadyRevision": f"{name}-00001"}},
    }
    if pods is not None:  # Go leaves out a zero
        copies = {"failedCopies": 0} | ({"totalCopies": pods} if pods else {})
        status["modelStatus"] = {"transitionStatus": "UpToDate", "copies": copies}
    spec: dict[str, Any] = {"predictor": {"containers": [{"name": "kserve-container"}]}}
    found = {_LABEL: model_type, **(labels or {})}
    if toolchain is not None:
        found["harmony-speech/toolchain"] = toolchain
        spec["transformer"] = {"containers": [{"name": "kserve-container"}]}
        status["conditions"].append({"type": "TransformerReady", "status": ready})
        status["components"]["transformer"] = {"address": {"url": _url(name, "transformer")}}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "generation": 1,
            "labels": found,
            "annotations": annotations or {},
        },
        "spec": spec,
        "status": status,
    }


def _url(name: str, component: str | None = None) -> str:
    service = name if component is None else f"{name}-{component}"
    return f"http://{service}.{NAMESPACE}.svc.cluster.local"


@dataclass
class FakeKubernetesApi:
    """Change it from the test's thread; `serving` runs it."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[tuple[int, str, Any]] = field(default_factory=list)
    """Version, type and object of every change that is not forgotten."""
    version: int = 100
    oldest: int = 100
    refusals: list[int] = field(default_factory=list)
    """Statuses of the next answers, whatever is asked."""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """`list` or `watch`, and the query."""
    lines: list[bytes] = field(default_factory=list)
    """Raw bytes that the open watches send next, once each."""
    list_delay_s: float = 0.0
    port: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _breaks: int = 0
    _connections: set[socket.socket] = field(default_factory=set)

    # What a test does ---------------------------------------------------------------------------

    def put(self, *services: Any) -> None:
        """Create or replace objects; the watches hear of each."""
        with self._changed:
            for service in services:
                self.version += 1
                kept = copy.deepcopy(service)
                name = kept["metadata"]["name"]
                kept["metadata"]["resourceVersion"] = str(self.version)
                kind = "MODIFIED" if name in self.objects else "ADDED"
                self.objects[name] = kept
                self.log.append((self.version, kind, kept))
            self._changed.notify_all()

    def delete(self, name: str) -> None:
        with self._changed:
            self.version += 1
            gone = copy.deepcopy(self.objects.pop(name))
            gone["metadata"]["resourceVersion"] = str(self.version)
            self.log.append((self.version, "DELETED", gone))
            self._changed.notify_all()

    def bookmark(self) -> None:
        """Move the version without a change, as other objects of the cluster do."""
        with self._changed:
            self.version += 7
            mark = {"metadata": {"resourceVersion": str(self.version)}}
            self.log.append((self.version, "BOOKMARK", mark))
            self._changed.notify_all()

    def forget(self, *services: Any) -> None:
        """Change objects without telling the watches, and let none begin before now."""
        with self._changed:
            for service in services:
                self.version += 1
                self.objects[service["metadata"]["name"]] = copy.deepcopy(service)
            self.oldest = self.version
            self.log.clear()

    def send(self, line: bytes) -> None:
        """Bytes that the open watch sends as they are."""
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def disconnect(self) -> None:
        """Cut every connection in the middle of whatever it does."""
        with self._changed:
            self._breaks += 1
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it had ended by itself
            self._connections.clear()
            self._changed.notify_all()

    def count(self, kind: str) -> int:
        return sum(one == kind for one, _ in self.requests)

    def until(self, kind: str, times: int, timeout_s: float = 30.0) -> None:
        """Return once so many lists or watches were asked for."""
        end = time.monotonic() + timeout_s
        while self.count(kind) < times:
            assert time.monotonic() < end, f"{self.count(kind)} of {times} requests to {kind}"
            time.sleep(0.01)

    # What the handler asks ----------------------------------------------------------------------

    def answer_list(self) -> dict[str, Any]:
        time.sleep(self.list_delay_s)
        with self._changed:
            items = [self.objects[name] for name in sorted(self.objects)]
            return {
                "kind": "InferenceServiceList",
                "apiVersion": "serving.kserve.io/v1beta1",
                "metadata": {"resourceVersion": str(self.version)},
                "items": copy.deepcopy(items),
            }

    def events(self, version: int, life_s: float) -> Iterator[bytes]:
        """Lines after that version, as they come, for so long."""
        end, breaks = time.monotonic() + life_s, self._breaks
        while True:
            with self._changed:
                news = [one for one in self.log if one[0] > version]
                raw, self.lines = self.lines, []
                if not news and not raw:
                    remaining_s = end - time.monotonic()
                    if remaining_s <= 0 or breaks != self._breaks:
                        return
                    self._changed.wait(min(remaining_s, 0.2))
                    continue
            for number, kind, document in news:
                version = number
                yield json.dumps({"type": kind, "object": document}).encode() + b"\n"
            yield from raw


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: FakeKubernetesApi

    def do_GET(self) -> None:  # the library's name
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        is_watch = query.get("watch", "").lower() == "true"
        self.api.requests.append(("watch" if is_watch else "list", query))
        self.api._connections.add(self.connection)
        status = self._refusal(url.path, query)
        try:
            if status != 200:
                self._say(status, {"kind": "Status", "code": status, "reason": "Refused"})
            elif is_watch:
                self._watch(int(query["resourceVersion"]), float(query["timeoutSeconds"]))
            else:
                self._say(200, self.api.answer_list())
        except OSError:
            self.close_connection = True

    def _refusal(self, path: str, query: dict[str, str]) -> int:
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401
        if path != _PATH.format(namespace=NAMESPACE) or query.get("labelSelector") != _LABEL:
            return 403
        return self.api.refusals.pop(0) if self.api.refusals else 200

    def _say(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _watch(self, version: int, life_s: float) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if version < self.api.oldest:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
            self._chunk(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
        else:
            for line in self.api.events(version, life_s):
                half = len(line) // 2  # an event may come in two chunks
                self._chunk(line[:half])
                self._chunk(line[half:])
        self._chunk(b"", is_last=True)

    def _chunk(self, data: bytes, *, is_last: bool = False) -> None:
        if data or is_last:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serving(api: FakeKubernetesApi) -> Iterator[FakeKubernetesApi]:
    """Listen on a free port, or again on the one that it had."""
    handler = type("Handler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", api.port), handler)
    server.daemon_threads = True
    server.block_on_close = False
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        api.disconnect()
        thread.join()


def kubeconfig(api: FakeKubernetesApi, folder: Path) -> Path:
    """A developer's file for that server."""
    path = folder / "kubeconfig"
    named = "here"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": named,
        "clusters": [{"name": named, "cluster": {"server": f"http://127.0.0.1:{api.port}"}}],
        "users": [{"name": named, "user": {"token": TOKEN}}],
        "contexts": [
            {
                "name": named,
                "context": {"cluster": named, "user": named, "namespace": NAMESPACE},
            }
        ],
    }
    path.write_text(json.dumps(document))
    return path
