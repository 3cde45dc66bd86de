"""Packs the charts into dist/, with the registry of their images as the default.

    python helm/tools/package_charts.py registry.example.com/team

From the repository the chart refuses to render until it is told where its images are; a published
one knows. `dev.local`, where images are built for nodes of one's own, is no such place.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from binaries import REPOSITORY
from chart import CHART, helm

CHARTS = (CHART, CHART.parent / "speech-local-models")
LOCAL = "dev.local"
_UNSET = '\n  registry: ""\n'


def package(registry: str, destination: Path) -> list[str]:
    """What Helm says of each package. Raises HelmFailed."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            helm("package", str(_prepared(chart, registry, Path(folder))), "-d", str(destination))
            for chart in CHARTS
        ]


def _prepared(chart: Path, registry: str, folder: Path) -> Path:
    copy = folder / chart.name
    shutil.copytree(chart, copy)
    values = copy / "values.yaml"
    text = values.read_text(encoding="utf-8")
    if chart == CHART and registry != LOCAL:
        assert text.count(_UNSET) == 1
        text = text.replace(_UNSET, f"\n  registry: {registry}\n")
    values.write_text(text, encoding="utf-8")
    return copy


def main() -> None:
    (registry,) = sys.argv[1:]
    sys.stdout.write("".join(package(registry, REPOSITORY / "dist")))


if __name__ == "__main__":
    main()
