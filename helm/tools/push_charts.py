"""Pushes what `make chart` has packed to oci://REGISTRY/charts, and prints what is to be signed:
each chart by its digest, which cannot move like a tag, and the file of its bill of materials.

    python helm/tools/push_charts.py registry.example.com/team
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from binaries import REPOSITORY
from chart import helm_output
from package_charts import CHARTS, sbom_file

_PUSHED = re.compile(r"^Pushed: (\S+):[^:\s]+\nDigest: (sha256:[0-9a-f]{64})$", re.MULTILINE)


def push(registry: str, packages: Path, *options: str) -> Iterator[tuple[str, Path]]:
    """Name by digest and bill of materials of each chart. Raises HelmFailed."""
    for chart in CHARTS:
        (packed,) = packages.glob(f"{chart.name}-[0-9]*.tgz")
        said = helm_output("push", str(packed), f"oci://{registry}/charts", *options)
        (pushed,) = _PUSHED.finditer(said)
        yield f"{pushed[1]}@{pushed[2]}", sbom_file(packed)


def main() -> None:
    (registry,) = sys.argv[1:]
    for name, sbom in push(registry, REPOSITORY / "dist"):
        sys.stdout.write(f"{name} {sbom}\n")


if __name__ == "__main__":
    main()
