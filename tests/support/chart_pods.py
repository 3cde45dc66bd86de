"""What Helm rendered, running: the ingress, and a gateway that starts the other pods when asked.

The gateway is benchmarks/activator.py, which plays Knative; nobody but it knows where pods are.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from chart import Object
from rendered_pods import Node, PodTemplate, RunningPod, revision, templates

from benchmarks.activator import Activator, Pod, Revision, activated

INGRESS = "harmony-speech-ingress"


@dataclass(frozen=True)
class Cluster:
    objects: list[Object]
    node: Node
    activator: Activator
    started: dict[str, list[RunningPod]]
    ingress: RunningPod

    @property
    def url(self) -> str:
        return self.ingress.url

    def revision(self, host: str) -> Revision:
        return self.activator.revisions[host]

    def pod(self, host: str) -> RunningPod:
        """The one that was started last."""
        return self.started[host][-1]


@contextmanager
def running_chart(
    objects: list[Object],
    folder: Path,
    images: Mapping[str, list[str]],
    packages: tuple[Path, ...],
) -> Iterator[Cluster]:
    revisions: dict[str, Revision] = {}
    started: dict[str, list[RunningPod]] = {}
    with activated(revisions) as (gateway, activator):
        node = Node(folder, objects, gateway, images, packages)
        for template in templates(objects):
            pods = started.setdefault(template.host, [])
            revisions[template.host] = revision(node, template, pods)
        ingress = node.start(template_of(objects, INGRESS))
        try:
            await_probe(ingress, "startupProbe")
            await_probe(ingress, "readinessProbe")
            revisions[INGRESS].pods.append(Pod(ingress.process, ingress.url, "", is_ready=True))
            yield Cluster(objects, node, activator, started, ingress)
        finally:
            ingress.process.kill()
            ingress.process.wait()


def template_of(objects: list[Object], host: str) -> PodTemplate:
    return next(one for one in templates(objects) if one.host == host)


def await_probe(pod: RunningPod, kind: str, limit_s: float = 60) -> None:
    until_s = time.monotonic() + limit_s
    while not is_answered(pod.probe_url(kind)):
        assert pod.process.poll() is None, pod.log
        assert time.monotonic() < until_s, pod.log
        time.sleep(0.1)


def is_answered(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False
