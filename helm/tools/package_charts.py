"""Packs the charts into dist/, with the registry of their images as the default, and writes beside
each its bill of materials: the chart and the images that it runs, as CycloneDX 1.6.

    python helm/tools/package_charts.py registry.example.com/team

From the repository the chart refuses to render until it knows where its images are; a published
one knows. `dev.local`, where images are built for nodes of one's own, is no such place.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from binaries import REPOSITORY
from chart import CHART, helm

CHARTS = (CHART, CHART.parent / "speech-local-models")
LOCAL = "dev.local"
_UNSET = '\n  registry: ""\n'


def package(registry: str, destination: Path) -> list[str]:
    """What Helm says of each package. Raises HelmFailed."""
    said = []
    with tempfile.TemporaryDirectory() as folder:
        for chart in CHARTS:
            prepared = _prepared(chart, registry, Path(folder))
            said.append(helm("package", str(prepared), "-d", str(destination)))
            about = yaml.safe_load((prepared / "Chart.yaml").read_text(encoding="utf-8"))
            packed = destination / f"{about['name']}-{about['version']}.tgz"
            sbom_file(packed).write_text(json.dumps(_sbom(prepared, about), indent=2))
    return said


def sbom_file(packed: Path) -> Path:
    return packed.with_suffix(".cdx.json")


def _sbom(chart: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Each image has its own, which names its packages."""
    values = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    images = values.get("images", {"repositories": {}})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component("application", about["name"], about["version"])},
        "components": [
            _component("container", f"{images['registry']}/{name}", about["appVersion"])
            for name in filter(None, images["repositories"].values())
        ],
    }


def _component(kind: str, name: str, version: str) -> dict[str, str]:
    return {"type": kind, "name": name, "version": version}


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
