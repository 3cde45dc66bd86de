"""Prints manifests/ from the chart: one file for each of some values files, for those without Helm.

`kubectl apply -f manifests/laptop.yaml`, or name the file under `resources:` of a kustomization of
your own. Addresses hold the namespace harmony-speech; for another one use the chart.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import yaml
from binaries import REPOSITORY
from chart import CHART, NAMESPACE, Object, render

MANIFESTS = REPOSITORY / "manifests"
PRINTED = ("laptop", "single-gpu", "gpu-pool", "standard")
"""Values files of ci/, which the tests render too."""
HEADER = "# Printed from helm/harmony-speech by `make manifests`. Do not edit.\n"
_NAMESPACE_OBJECT: Object = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": NAMESPACE},
}


def files() -> dict[Path, str]:
    """Every file of manifests/, relative to it, with its content."""
    return {Path(f"{name}.yaml"): _file(name) for name in PRINTED}


def values_of(name: str) -> Path:
    return CHART / "ci" / f"{name}-values.yaml"


def objects(name: str) -> list[Object]:
    """What Helm renders for a values file, without the marks of Helm."""
    return [_unmarked(one) for one in render(values_of(name))]


def _unmarked(item: Object) -> Object:
    metadata = dict(item["metadata"])
    for part in ("labels", "annotations"):
        kept = {k: v for k, v in metadata.get(part, {}).items() if not _is_helms(k)}
        metadata |= {part: kept}
        if not kept:
            del metadata[part]
    return {**item, "metadata": metadata}


def _is_helms(key: str) -> bool:
    return key.startswith("helm.sh/") or key == "app.kubernetes.io/managed-by"


def _file(name: str) -> str:
    documents = [_NAMESPACE_OBJECT, *objects(name)]
    return f"{HEADER}# Values: ci/{name}-values.yaml\n" + "---\n".join(map(_yaml, documents))


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, so that a config stays readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000)


def main() -> None:
    printed = files()
    shutil.rmtree(MANIFESTS, ignore_errors=True)
    MANIFESTS.mkdir()
    for path, text in printed.items():
        (MANIFESTS / path).write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {len(printed)} files below {MANIFESTS.name}\n")


if __name__ == "__main__":
    main()
