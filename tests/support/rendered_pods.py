"""Pods of rendered manifests as local processes, without a container runtime.

What a node does by namespaces is done by rewriting: a mount becomes a folder, and its path is
replaced in command, arguments and environment; a port becomes a free one; and the names of the
cluster's DNS become paths of one local gateway (benchmarks/activator.py), which plays Knative.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chart import NAMESPACE, Object
from helm_values import of_kind
from served import ROOT, free_port

from benchmarks.activator import Pod, Revision

IMAGE_ENV = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
"""What Dockerfile.cpu sets besides PATH."""
GRPC_PORT = 8081
"""Where a KServe server listens that is not given a port; its pod has the port for itself."""
_NAME = rf"([a-z0-9{{}}-]+)\.{NAMESPACE}(\.svc(\.cluster\.local)?)?"


@dataclass(frozen=True)
class PodTemplate:
    """One pod's worth of a manifest: its host name, its pod spec, and what the owner adds."""

    host: str
    spec: Object
    added_args: tuple[str, ...] = ()
    added_env: Mapping[str, str] = field(default_factory=dict)

    @property
    def container(self) -> Object:
        (found,) = self.spec["containers"]
        return dict(found)


def templates(objects: Iterable[Object]) -> Iterator[PodTemplate]:
    """Pods that KServe's controllers and the Deployment controller would make."""
    objects = list(objects)
    for name, service in of_kind(objects, "InferenceService").items():
        for role in ("predictor", "transformer"):
            if role in service["spec"]:
                yield _component(name, role, service["spec"][role])
    for deployment in of_kind(objects, "Deployment").values():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        for name, service in of_kind(objects, "Service").items():
            if service["spec"]["selector"].items() <= labels.items():
                yield PodTemplate(name, deployment["spec"]["template"]["spec"])


def _component(service: str, role: str, spec: Object) -> PodTemplate:
    """With what KServe's webhook and Knative add to the container."""
    host = f"{service}-{role}"
    env = {"INFERENCE_SERVICE_NAME": service, "K_SERVICE": host, "K_REVISION": f"{host}-00001"}
    args = ("--model_name", service, "--predictor_host", f"{service}-predictor.{NAMESPACE}")
    return PodTemplate(host, spec, args if role == "transformer" else (), env | {"PORT": "8080"})


@dataclass(frozen=True)
class Node:
    """Where pods run. `images` says what `python` is in an image that is not ours."""

    folder: Path
    objects: list[Object]
    gateway: str
    images: Mapping[str, list[str]] = field(default_factory=dict)
    packages: tuple[Path, ...] = ()
    """Folders that the images have on their path besides ours."""

    def start(self, template: PodTemplate) -> RunningPod:
        folder = self.folder / f"{template.host}-{free_port()}"
        folder.mkdir(parents=True)
        mounts = self._mounts(template, folder)
        declared = [one["containerPort"] for one in template.container["ports"]]
        ports = {port: free_port() for port in (*declared, GRPC_PORT)}
        rewrite = Rewrite(mounts, ports, self.gateway)
        command = self._command(template, rewrite, ports)
        log_file = folder / "log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command, env=self._env(template, rewrite), cwd=folder, stdout=log, stderr=log
            )
        return RunningPod(template, process, ports, log_file)

    def _command(
        self, template: PodTemplate, rewrite: Rewrite, ports: Mapping[int, int]
    ) -> list[str]:
        container = template.container
        program, *rest = container["command"]
        assert program == "python"
        args = [rewrite.text(one) for one in (*rest, *container["args"], *template.added_args)]
        if rest[1:] in (["predictors"], ["transformer"]):
            args += ["--grpc_port", str(ports[GRPC_PORT])]
        return [*self.images.get(container["image"], [sys.executable]), *args]

    def _env(self, template: PodTemplate, rewrite: Rewrite) -> dict[str, str]:
        """Nothing of this process but PATH gets in."""
        paths = os.pathsep.join(map(str, (*self.packages, ROOT)))
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, **IMAGE_ENV, **template.added_env}
        given = {one["name"]: self._value(one) for one in template.container.get("env", ())}
        return own | {name: rewrite.text(value) for name, value in given.items()}

    def _value(self, entry: Object) -> str:
        if "value" in entry:
            return str(entry["value"])
        reference = entry["valueFrom"]["secretKeyRef"]
        return str(self._data("Secret", reference["name"])[reference["key"]])

    def _mounts(self, template: PodTemplate, folder: Path) -> dict[str, Path]:
        volumes = {one["name"]: one for one in template.spec["volumes"]}
        mounts = {}
        for mount in template.container["volumeMounts"]:
            place = folder / "mounts" / mount["name"]
            place.mkdir(parents=True)
            self._fill(place, volumes[mount["name"]])
            if mount.get("readOnly"):
                place.chmod(0o555)
            mounts[mount["mountPath"]] = place
        return mounts

    def _fill(self, place: Path, volume: Object) -> None:
        if "configMap" in volume:
            files = self._data("ConfigMap", volume["configMap"]["name"])
        elif "secret" in volume:
            data = self._data("Secret", volume["secret"]["secretName"])
            files = {item["path"]: data[item["key"]] for item in volume["secret"]["items"]}
        elif "projected" in volume:
            files = {"token": "a-token", "ca.crt": "", "namespace": NAMESPACE}
        else:
            assert "emptyDir" in volume, f"no such kind of volume here: {sorted(volume)}"
            files = {}
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")

    def _data(self, kind: str, name: str) -> dict[str, str]:
        item = of_kind(self.objects, kind)[name]
        found: dict[str, str] = item.get("stringData") or item["data"]
        return found


@dataclass(frozen=True)
class Rewrite:
    """What mounts, ports and names of a cluster are on this machine."""

    mounts: Mapping[str, Path]
    ports: Mapping[int, int]
    gateway: str

    def text(self, text: str) -> str:
        for mount in sorted(self.mounts, key=len, reverse=True):
            text = re.sub(rf"{re.escape(mount)}(?![\w-])", str(self.mounts[mount]), text)
        text = re.sub(rf"http://{_NAME}(:80)?(?![\w.])", rf"{self.gateway}/\1.{NAMESPACE}", text)
        if re.fullmatch(_NAME, text):  # --predictor_host has no scheme
            text = f"{self.gateway.removeprefix('http://')}/{text}"
        return str(self.ports[int(text)]) if text.isdigit() and int(text) in self.ports else text


@dataclass(frozen=True)
class RunningPod:
    template: PodTemplate
    process: subprocess.Popen[bytes]
    ports: Mapping[int, int]
    log_file: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[_http_port(self.template.container)]}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def probe_url(self, kind: str) -> str:
        probe = self.template.container[kind]["httpGet"]
        declared = {
            one.get("name"): one["containerPort"] for one in self.template.container["ports"]
        }
        port = declared.get(probe["port"], probe["port"])
        return f"http://127.0.0.1:{self.ports[port]}{probe['path']}"


def revision(node: Node, template: PodTemplate, started: list[RunningPod]) -> Revision:
    """A service's pods for the activator, as the manifest scales them; `started` is appended to."""

    def start() -> Pod:
        pod = node.start(template)
        started.append(pod)
        return Pod(pod.process, pod.url, template.container["readinessProbe"]["httpGet"]["path"])

    spec: Any = template.spec
    return Revision(start, spec.get("timeout", 300), spec.get("containerConcurrency", 0))


def _http_port(container: Object) -> int:
    """The first that is declared; Knative knows no other."""
    return int(container["ports"][0]["containerPort"])
