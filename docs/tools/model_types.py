"""Writes what the rooms and the chart know of our model types, from the specs of their classes.

python docs/tools/model_types.py

The contract's table (contract/model_types.json) is for programs that cannot import a model library,
the chart's `modelTypes` for its templates; a test compares both with the specs.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contract.model_types import ModelType
from predictors.runtime.model import Model, ModelSpec
from predictors.runtime.registry import BUILT_IN, checked

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "contract" / "model_types.json"
VALUES = ROOT / "helm" / "harmony-speech" / "values.yaml"
_MODEL_TYPES = re.compile(r"(?<=^modelTypes:\n)(?:  .*\n)+", re.M)


def specs() -> Mapping[str, ModelSpec]:
    """Of every built-in model type, by name. Imports them all, and with them torch."""
    return {target.partition(":")[2]: _class(target).spec for target in BUILT_IN}


def _class(target: str) -> type[Model[Any, Any]]:
    module, _, name = target.partition(":")
    return checked(name, getattr(importlib.import_module(module), name))


def contract_table() -> str:
    """What a spec has beside the defaults of ModelType."""
    known = [one.name for one in dataclasses.fields(ModelType)]
    table = {
        name: {key: value for key in known if (value := getattr(spec, key))}
        for name, spec in specs().items()
    }
    return json.dumps(table, indent=2, ensure_ascii=False, default=dict) + "\n"


def chart_table() -> str:
    """Of the types that an image has."""
    return "".join(
        f"  {name}: {{task: {spec.task.value}, image: {spec.image}{_cuda(spec)}}}\n"
        for name, spec in specs().items()
        if spec.image
    )


def _cuda(spec: ModelSpec) -> str:
    return "" if spec.cuda else ", cuda: false"


def outputs() -> dict[Path, str]:
    """The files that hold a table, as they should be."""
    return {
        CONTRACT: contract_table(),
        VALUES: _MODEL_TYPES.sub(chart_table(), VALUES.read_text(encoding="utf-8"), count=1),
    }


def main() -> None:
    for path, content in outputs().items():
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
