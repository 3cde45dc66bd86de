"""What stands between a caller and a pod on Knative, as far as callers can tell.

Requests for a service without a ready pod wait here, and the first one starts a pod; they go on
when its readiness probe answers. A pod takes `concurrency` requests at once, the rest wait. What
goes wrong behind a pod's address is a 502 as from the queue-proxy, too long a wait is a 504.

A service is named by the Host header, or by the first part of the path where names do not resolve:
http://127.0.0.1:8000/whisper-base-predictor.speech.svc.cluster.local/v2/models/…
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from transport.client.http import NOT_CONNECTED

POLL_S = 0.05
"""How often the queue-proxy probes a pod that starts."""
NOTICE_S = 1.0
"""How long a dead container still counts as ready: the kubelet's relist and the endpoints' way."""
_HOP_BY_HOP = {b"connection", b"content-length", b"keep-alive", b"transfer-encoding"}


@dataclass(eq=False)
class Pod:
    """A running container: its process, its address, and the path that its readiness probe asks."""

    process: subprocess.Popen[bytes]
    url: str
    ready_path: str
    is_ready: bool = False
    under_way: int = 0


@dataclass(eq=False)
class Revision:
    """The pods of one service. `start` starts one more."""

    start: Callable[[], Pod]
    timeout_s: float = 300.0
    concurrency: int = 0
    """Requests in one pod at once; 0: no limit."""
    pods: list[Pod] = field(default_factory=list)
    first_asked_s: float | None = None
    """When the first request came, by time.perf_counter()."""

    def with_room(self) -> Pod | None:
        """The ready pod with the fewest requests, if it may take one more."""
        ready = [pod for pod in self.pods if pod.is_ready]
        best = min(ready, key=lambda pod: pod.under_way, default=None)
        if best is None or (self.concurrency and best.under_way >= self.concurrency):
            return None
        return best


class Activator:
    """An ASGI application before many services. Keys of `revisions` are host names without their
    namespace and domain."""

    def __init__(self, revisions: Mapping[str, Revision]) -> None:
        self.revisions = revisions
        self._watches: set[asyncio.Task[None]] = set()
        self._http: httpx.AsyncClient | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await _read(receive)
        name, path = self._route(scope)
        if name not in self.revisions:
            await _reply(send, 404, [], b"no such service")
            return
        revision = self.revisions[name]
        revision.first_asked_s = revision.first_asked_s or time.perf_counter()
        work = asyncio.ensure_future(self._answer(revision, scope, path, body))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await _reply(send, *work.result())
        finally:
            work.cancel()
            gone.cancel()

    def _route(self, scope: Any) -> tuple[str, str]:
        host = dict(scope["headers"]).get(b"host", b"").decode()
        name, path = host.partition(".")[0], scope["raw_path"].decode()
        if name not in self.revisions:
            named, _, path = path.removeprefix("/").partition("/")
            name, path = named.partition(".")[0], f"/{path}"
        query = scope["query_string"].decode()
        return name, f"{path}?{query}" if query else path

    async def _answer(
        self, revision: Revision, scope: Any, path: str, body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        pod: Pod | None = None
        try:
            async with asyncio.timeout(revision.timeout_s):
                pod = await self._pod(revision)
                return await self._forward(pod, scope, path, body)
        except TimeoutError:
            return 504, [], b"activator request timeout"
        except NOT_CONNECTED:  # as Go words it; vendor/knative.dev/pkg/network/error_handler.go
            return 502, [], b"dial tcp 127.0.0.1: connect: connection refused"
        except httpx.TransportError:
            return 502, [], b"EOF"
        finally:
            if pod is not None:
                pod.under_way -= 1

    async def _pod(self, revision: Revision) -> Pod:
        """Wait for a pod with room, and take the room."""
        while (pod := revision.with_room()) is None:
            if not revision.pods:
                self.add_pod(revision)
            await asyncio.sleep(POLL_S)
        pod.under_way += 1
        return pod

    def add_pod(self, revision: Revision) -> Pod:
        """Scale up by one. Call on the activator's loop."""
        pod = revision.start()
        revision.pods.append(pod)
        watch = asyncio.ensure_future(self._watch(revision, pod))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        return pod

    async def _watch(self, revision: Revision, pod: Pod) -> None:
        while pod.process.poll() is None:
            if not pod.is_ready:
                pod.is_ready = await self._probe(pod)
            await asyncio.sleep(POLL_S)
        await asyncio.sleep(NOTICE_S)
        if pod in revision.pods:
            revision.pods.remove(pod)

    async def _probe(self, pod: Pod) -> bool:
        try:
            return (await self._client.get(pod.url + pod.ready_path, timeout=1.0)).is_success
        except httpx.TransportError:
            return False

    async def _forward(
        self, pod: Pod, scope: Any, path: str, body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        sent = [one for one in scope["headers"] if one[0] not in _HOP_BY_HOP]
        answer = await self._client.request(
            scope["method"], pod.url + path, headers=sent, content=body
        )
        headers = [(name.lower(), value) for name, value in answer.headers.raw]
        return answer.status_code, headers, answer.content

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            self._http = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False)
        return self._http


@contextmanager
def activated(revisions: Mapping[str, Revision]) -> Iterator[tuple[str, Activator]]:
    """An activator in a thread, and its address; at the end every pod is killed."""
    activator = Activator(revisions)
    config = uvicorn.Config(
        activator, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", activator
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()
        for revision in revisions.values():
            for pod in revision.pods:
                pod.process.kill()
                pod.process.wait()


async def _read(receive: Any) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reply(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    kept = [one for one in headers if one[0] not in _HOP_BY_HOP]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*kept, length]})
    await send({"type": "http.response.body", "body": body})
