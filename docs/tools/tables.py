"""Writes the tables of docs/models.md and docs/settings.md from the code they describe.

python docs/tools/tables.py

Between `<!-- NAME: printed by make manifests -->` and `<!-- end of NAME -->` stands what the
table NAME says now; a test compares. Words come from docstrings: of a field, the string below it.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from contract.config import ModelConfig
from contract.model_types import MODEL_TYPES
from contract.tasks import Task
from contract.toolchains import TOOLCHAINS
from contract.wire.tensors import CALL_PARAMETERS
from ingress.settings import Settings as IngressSettings
from predictors.runtime.registry import model_type_class
from predictors.runtime.settings import Settings as PredictorSettings
from transformer.settings import Settings as TransformerSettings
from transport.client.connection import ConnectionSettings
from transport.discovery.settings import DiscoverySettings
from transport.kserve.metadata import task_metadata

DOCS = Path(__file__).parents[1]
ROOMS: Mapping[str, type[BaseModel]] = {
    "ingress": IngressSettings,
    "predictors": PredictorSettings,
    "transformer": TransformerSettings,
    "connection": ConnectionSettings,
    "discovery": DiscoverySettings,
}
Row = Sequence[str]


# Model types --------------------------------------------------------------------------------


def model_types() -> str:
    rows = [
        (
            *(f"`{name}`", f"`{one.task.value}`", f"`{one.extra}`"),
            *(", ".join(one.packages), one.license),
        )
        for name, one in MODEL_TYPES.items()
    ]
    return _table(("model type", "task", "extra", "packages that are looked for", "licence"), rows)


def options() -> str:
    rows = [
        (f"`{name}`", f"`{field.name}`", _shown(_default(field)), docs[field.name])
        for name in MODEL_TYPES
        for docs in [attribute_docs(options_of(name))]
        for field in fields(options_of(name))
    ]
    return _table(("model type", "option", "default", "what it does"), rows)


def options_of(model_type: str) -> Any:
    """The dataclass that the `options:` of this model type are read into."""
    return model_type_class(model_type).spec.options


def entry_keys() -> str:
    docs = attribute_docs(ModelConfig)
    rows = [
        (
            f"`{name}`",
            _required_or(field.default, field.default_factory),
            docs.get(name, "") or _choices(field.annotation),
        )
        for name, field in ModelConfig.model_fields.items()
    ]
    return _table(("key", "default", "what it is"), rows)


def _choices(annotation: Any) -> str:
    """For keys that are named so plainly that they have no words of their own."""
    values = get_args(annotation) or ()
    return f"One of {', '.join(values)}." if values and isinstance(values[0], str) else ""


def toolchains() -> str:
    rows = [
        (f"`{name}`", f"`{task.value}`", "; ".join(" or ".join(need) for need in needs))
        for name, spec in TOOLCHAINS.items()
        for task, needs in spec.needs.items()
    ]
    return _table(("toolchain", "task", "needs configured"), rows)


# Tasks --------------------------------------------------------------------------------------


def tasks() -> str:
    return "\n\n".join(_task(task) for task in Task)


def _task(task: Task) -> str:
    users = [f"`{name}`" for name, one in MODEL_TYPES.items() if one.task is task]
    users += [f"`{name}`" for name, spec in TOOLCHAINS.items() if task in spec.needs]
    described = task_metadata(task)
    asked = [one for one in described["parameters"] if one["name"] not in CALL_PARAMETERS]
    rows = [
        *_tensor_rows("in", described["inputs"]),
        *_parameter_rows("in", asked),
        *_tensor_rows("out", described["outputs"]),
        *_parameter_rows("out", described["output_parameters"]),
    ]
    head = ("", "name", "type", "default and limits", "what it is")
    return f"### {task.value}\n\nServed by {', '.join(users)}.\n\n{_table(head, rows)}"


def _tensor_rows(way: str, docs: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for one in docs:
        kind = f"{one['datatype']} {one['shape']}"
        yield f"{way}, tensor", f"`{one['name']}`", kind, _requirement(way, one), one["doc"]


def _requirement(way: str, doc: Mapping[str, Any]) -> str:
    return "" if way == "out" or not doc["required"] else "required"


def _parameter_rows(way: str, docs: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for one in docs:
        limits = _limits(one) if way == "in" else ""
        yield f"{way}, parameter", f"`{one['name']}`", one["type"], limits, one["doc"]


def _limits(doc: Mapping[str, Any]) -> str:
    parts = [] if doc["default"] is None else [json.dumps(doc["default"], ensure_ascii=False)]
    if "choices" in doc:
        parts.append("one of " + ", ".join(doc["choices"]))
    elif "le" in doc:
        parts.append(f"{doc['ge']} to {doc['le']}")
    return "; ".join(parts)


def call_parameters() -> str:
    rows = [(f"`{name}`", doc) for name, doc in CALL_PARAMETERS.items()]
    return _table(("parameter of every call", "what it does"), rows)


# Settings -----------------------------------------------------------------------------------


def settings(room: str) -> str:
    kind = ROOMS[room]
    docs = attribute_docs(kind)
    rows = [
        (
            f"`SPEECH_{name.upper()}`",
            _required_or(field.default, field.default_factory),
            docs.get(name, ""),
        )
        for name, field in kind.model_fields.items()
    ]
    return _table(("variable", "default", "what it does"), rows)


# Words and cells ----------------------------------------------------------------------------


def attribute_docs(kind: type) -> dict[str, str]:
    """The string below each field of a class, its bases' included."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.partition(".")[0] in (
            "contract",
            "transport",
            "predictors",
            "ingress",
            "transformer",
        ):
            docs |= _own_docs(base)
    return docs


def _own_docs(kind: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            text = ast.literal_eval(below.value) if is_text else ""  # type: ignore[attr-defined]
            found[field.target.id] = " ".join(text.split())
    return found


def _default(field: Any) -> Any:
    return field.default if field.default is not MISSING else field.default_factory()


def _required_or(default: Any, factory: Callable[[], Any] | None) -> str:
    if default is PydanticUndefined and factory is None:
        return "required"
    value = factory() if default is PydanticUndefined and factory else default
    return "" if value in (None, (), {}) else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if not isinstance(value, bool | int | float | str | dict):
        value = str(value)
    return f"`{json.dumps(value, ensure_ascii=False)}`" if value not in ("", "None") else ""


def _table(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


# Files --------------------------------------------------------------------------------------

TABLES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "models.md": {
        "model types": model_types,
        "entry keys": entry_keys,
        "options": options,
        "toolchains": toolchains,
        "tasks": tasks,
        "call parameters": call_parameters,
    },
    "settings.md": {room: lambda room=room: settings(room) for room in ROOMS},  # type: ignore[misc]
}


def outputs(docs: Path = DOCS) -> dict[Path, str]:
    """The documents with tables, as they should be. Raises ValueError for a missing marker."""
    return {
        docs / name: _filled((docs / name).read_text(encoding="utf-8"), tables)
        for name, tables in TABLES.items()
    }


def _filled(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    for name, table in tables.items():
        start, end = f"<!-- {name}: printed by make manifests -->", f"<!-- end of {name} -->"
        if start not in text or end not in text:
            raise ValueError(f"no place for the table {name!r}")
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{table()}\n{end}{rest.partition(end)[2]}"
    return text


def main() -> None:
    for path, content in outputs().items():
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote docs/{path.name}\n")


if __name__ == "__main__":
    main()
