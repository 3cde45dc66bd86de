"""Writes what the rooms and the chart know of our model types, from the specs of their classes.

python docs/tools/model_types.py

The contract's table (contract/model_types.py) is for programs that cannot import a model library,
the chart's `modelTypes` for its templates; a test compares both with the specs.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from predictors.runtime.model import Model, ModelSpec
from predictors.runtime.registry import BUILT_IN, checked

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "contract" / "model_types.py"
VALUES = ROOT / "helm" / "harmony-speech" / "values.yaml"
_TABLE = re.compile(r"(?<=^MODEL_TYPES: Mapping\[str, ModelType\] = \{\n).*?(?=^\}\n)", re.M | re.S)
_MODEL_TYPES = re.compile(r"(?<=^modelTypes:\n)(?:  .*\n)+", re.M)


def specs() -> Mapping[str, ModelSpec]:
    """Of every built-in model type, by name. Imports them all, and with them torch."""
    return {target.partition(":")[2]: _class(target).spec for target in BUILT_IN}


def _class(target: str) -> type[Model[Any, Any]]:
    module, _, name = target.partition(":")
    return checked(name, getattr(importlib.import_module(module), name))


def contract_table() -> str:
    return "".join(_entry(name, spec) for name, spec in specs().items())


def _entry(name: str, spec: ModelSpec) -> str:
    packages = "".join(f'"{package}", ' for package in spec.packages)
    packages = packages.rstrip() if len(spec.packages) == 1 else packages.removesuffix(", ")
    return (
        f'    "{name}": ModelType(\n'
        f"        task=Task.{spec.task.name},\n"
        f'        extra="{spec.extra}",\n'
        f'        image="{spec.image}",\n'
        f"        packages=({packages}),\n"
        f'        license="{spec.license}",\n'
        f"{_voices(spec)}"
        "    ),\n"
    )


def _voices(spec: ModelSpec) -> str:
    lines = "".join(f'            "{key}": "{tag}",\n' for key, tag in spec.voice_languages.items())
    found = f"        voice_languages={{\n{lines}        }},\n" if lines else ""
    found += "        blends=True,\n" if spec.blends else ""
    chars = spec.first_piece_chars
    return found + (f"        first_piece_chars={chars},\n" if chars else "")


def chart_table() -> str:
    return "".join(
        f"  {name}: {{task: {spec.task.value}, image: {spec.image}{_cuda(spec)}}}\n"
        for name, spec in specs().items()
    )


def _cuda(spec: ModelSpec) -> str:
    return "" if spec.cuda else ", cuda: false"


def outputs() -> dict[Path, str]:
    """The files that hold a table, as they should be."""
    return {
        CONTRACT: _TABLE.sub(contract_table(), CONTRACT.read_text(encoding="utf-8"), count=1),
        VALUES: _MODEL_TYPES.sub(chart_table(), VALUES.read_text(encoding="utf-8"), count=1),
    }


def main() -> None:
    for path, content in outputs().items():
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
