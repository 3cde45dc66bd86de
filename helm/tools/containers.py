"""One container from an image of buildah, with a kernel's own means: mounts, a changed root, a uid.

What the kubelet would do with a pod's spec, without a container runtime. Linux, as root.
"""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chart import Object

UID = 65532


def buildah(*arguments: str) -> str:
    """Run buildah. Raises CalledProcessError; what it says goes to the terminal."""
    done = subprocess.run(["buildah", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


@dataclass(frozen=True)
class Image:
    name: str

    @property
    def size(self) -> str:
        return buildah("images", "--format", "{{.Size}}", self.name)


@dataclass
class Container:
    """`spec` is the pod's; `config` what its ConfigMap holds. Leaving the context removes it."""

    name: str
    image: Image
    spec: Object
    config: str
    folder: Path
    port: int = 0
    started_s: float = 0.0
    _id: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _grpc_port: int = field(default=0)

    def __enter__(self) -> Container:
        self.folder.mkdir(parents=True)
        self._id = buildah("from", self.image.name)
        self.port, self._grpc_port = _free_port(), _free_port()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        buildah("rm", self._id)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def start(
        self, *, env: Mapping[str, str] | None = None, weights: Mapping[str, Path] | None = None
    ) -> None:
        root = Path(buildah("mount", self._id))
        script = "; ".join(("set -e", *self._mounts(root, weights or {}), self._exec(root, env)))
        self.started_s = time.monotonic()
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
                stdout=log,
                stderr=log,
            )

    def stop(self) -> tuple[int, float, int]:
        """Exit status, seconds that the end took, and the most memory held, in megabytes."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        asked_s = time.monotonic()
        self._process.terminate()
        code = self._process.wait(60)
        return code, time.monotonic() - asked_s, int(peak[1]) >> 10 if peak else 0

    def _mounts(self, root: Path, weights: Mapping[str, Path]) -> list[str]:
        """Commands: the manifest's volumes, then the root read-only below them."""
        sources = {path: str(place) for path, place in weights.items()}
        for mount in self.spec["containers"][0]["volumeMounts"]:
            place = self.folder / mount["name"]
            place.mkdir()
            shutil.chown(place, UID, UID)
            if mount["name"] == "config":
                (place / "config.yml").write_text(self.config, encoding="utf-8")
            sources[mount["mountPath"]] = str(place)
        for path in sources:
            (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        here = shlex.quote(str(root))
        made = [f"mount --bind {here} {here}", f"mount -o remount,ro,bind {here}"]
        made += [f"if touch {here}/probe 2>/dev/null; then echo root is writable; exit 1; fi"]
        made += [f"mount -t proc proc {here}/proc", f"mount --rbind /dev {here}/dev"]
        for path in sorted(sources):
            inside = self.folder / "weights" / path.removeprefix("/weights/")
            if path.startswith("/weights/"):
                inside.mkdir(exist_ok=True)
            made.append(f"mount --bind {shlex.quote(sources[path])} {here}{path}")
        return made

    def _exec(self, root: Path, env: Mapping[str, str] | None) -> str:
        container = self.spec["containers"][0]
        given = {one["name"]: one["value"] for one in container["env"] if "value" in one}
        own = {"PATH": "/app/bin:/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}
        variables = [f"{key}={value}" for key, value in {**own, **given, **(env or {})}.items()]
        ports = {"8080": str(self.port)}
        args = [ports.get(one, one) for one in (*container["command"], *container["args"])]
        if "--http_port" in args:
            args += ["--grpc_port", str(self._grpc_port)]
        if container["args"][0] == "--toolchain":  # what KServe's webhook adds
            args += ["--model_name", container["args"][1], "--predictor_host", "127.0.0.1:9"]
        run = ["chroot", f"--userspec={UID}:{UID}", str(root), "/usr/bin/env", "-i", *variables]
        return "exec " + shlex.join([*run, *args])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
