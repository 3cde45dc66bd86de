"""A registry that takes what is pushed: the part of the OCI distribution API that a push uses.

opencontainers/distribution-spec, spec.md: "Pushing a blob monolithically", "Pushing Manifests".
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class OciRegistry:
    """`manifests` by name and digest, as the registry has computed it; `blobs` by digest."""

    def __init__(self) -> None:
        self.address = ""
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the library's name
                self.wfile.write(self._found())

            def do_HEAD(self) -> None:  # the library's name
                self._found()

            def _found(self) -> bytes:
                """The manifest that is asked for by digest, its headers sent."""
                digest = self.path.rpartition("/")[2]
                key = self.path.removeprefix("/v2/").replace("/manifests/", "@")
                content = registry.manifests.get(f"{registry.address}/{key}", b"")
                is_known = bool(content) or digest in registry.blobs or self.path == "/v2/"
                headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": digest}
                self._send(200 if is_known else 404, content, **headers)
                return content

            def do_POST(self) -> None:  # the library's name
                self._body()
                self._send(202, Location=f"{self.path.rstrip('/')}/1")

            def do_PUT(self) -> None:  # the library's name
                url, body = urlsplit(self.path), self._body()
                digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
                if "/manifests/" in url.path:
                    name = url.path.removeprefix("/v2/").partition("/manifests/")[0]
                    registry.manifests[f"{registry.address}/{name}@{digest}"] = body
                elif parse_qs(url.query)["digest"] == [digest]:
                    registry.blobs[digest] = body
                else:
                    self._send(400)
                    return
                self._send(201, **{"Location": url.path, "Docker-Content-Digest": digest})

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers.get("content-length", 0)))

            def _send(self, status: int, content: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler


@contextmanager
def oci_registry() -> Iterator[OciRegistry]:
    registry = OciRegistry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), registry.handler())
    server.daemon_threads, server.block_on_close = True, False
    registry.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
