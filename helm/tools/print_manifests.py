"""Prints manifests/ from the chart: a kustomize base, and overlays as patches of what differs.

An overlay is computed, not written: every values file of the chart's ci/ folder is rendered and
compared with the base object by object. Building an overlay gives what Helm gives for that file.
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
HEADER = "# Printed from helm/harmony-speech by `make manifests`. Do not edit.\n"
Key = tuple[str, str, str]
_NAMESPACE_OBJECT: Object = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": NAMESPACE},
}


def files() -> dict[Path, str]:
    """Every file of manifests/, relative to it, with its content."""
    base = objects()
    printed = _base(base)
    for values in sorted((CHART / "ci").glob("*-values.yaml")):
        name = values.stem.removesuffix("-values")
        overlay = _overlay(base, objects(values), values.name)
        printed |= {Path("overlays") / name / path: text for path, text in overlay.items()}
    return printed


def objects(*values: Path) -> dict[Key, Object]:
    """What Helm renders, without the marks of Helm."""
    return {key_of(one): _unmarked(one) for one in render(*values)}


def key_of(item: Object) -> Key:
    return item["apiVersion"], item["kind"], item["metadata"]["name"]


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


def _base(base: dict[Key, Object]) -> dict[Path, str]:
    printed = {_file(key): _yaml(one) for key, one in base.items()}
    printed[Path("namespace.yaml")] = _yaml(_NAMESPACE_OBJECT)
    printed[Path("kustomization.yaml")] = _yaml(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": sorted(str(path) for path in printed),
        },
        "# Addresses hold the namespace harmony-speech: for another one use the chart.\n",
    )
    return {Path("base") / path: text for path, text in printed.items()}


def _overlay(base: dict[Key, Object], wanted: dict[Key, Object], source: str) -> dict[Path, str]:
    new = {_file(key): _yaml(one) for key, one in wanted.items() if key not in base}
    patches = [
        {"target": _target(key), "patch": _yaml_text(difference(base[key], one))}
        for key, one in wanted.items()
        if key in base and base[key] != one
    ]
    gone = [{"patch": _yaml_text(_deletion(key))} for key in base if key not in wanted]
    kustomization: Object = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../base", *sorted(str(path) for path in new)],
    }
    if patches or gone:
        kustomization["patches"] = patches + gone
    new[Path("kustomization.yaml")] = _yaml(kustomization, f"# Values: ci/{source}\n")
    return new


def difference(old: Any, new: Any, path: str = "") -> list[Object]:
    """JSON Patch operations (RFC 6902) from `old` to `new`; a list of other length goes whole."""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [step for n, (a, b) in pairs for step in difference(a, b, f"{path}/{n}")]
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [] if old == new else [{"op": "replace", "path": path, "value": new}]
    steps: list[Object] = []
    for name in sorted(old.keys() | new.keys()):
        here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in new:
            steps.append({"op": "remove", "path": here})
        elif name not in old:
            steps.append({"op": "add", "path": here, "value": new[name]})
        else:
            steps += difference(old[name], new[name], here)
    return steps


def _target(key: Key) -> Object:
    group, _, version = key[0].rpartition("/")
    named = {"version": version, "kind": key[1], "name": key[2]}
    return {"group": group, **named} if group else named


def _deletion(key: Key) -> Object:
    return {
        "apiVersion": key[0],
        "kind": key[1],
        "metadata": {"name": key[2], "namespace": NAMESPACE},
        "$patch": "delete",
    }


def _file(key: Key) -> Path:
    return Path(f"{key[1].lower()}-{key[2]}.yaml")


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, so that a config stays readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml_text(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000)


def _yaml(value: Any, note: str = "") -> str:
    return HEADER + note + _yaml_text(value)


def main() -> None:
    printed = files()
    shutil.rmtree(MANIFESTS, ignore_errors=True)
    for path, text in printed.items():
        (MANIFESTS / path).parent.mkdir(parents=True, exist_ok=True)
        (MANIFESTS / path).write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {len(printed)} files below {MANIFESTS.name}\n")


if __name__ == "__main__":
    main()
