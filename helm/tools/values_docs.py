"""Writes the chart's README table and values.schema.json from the comments in values.yaml.

    # -- What the value is for; may go on
    # over further lines.
    # @schema {enum: [a, b]}      a fragment of JSON Schema, where the default tells too little
    key: default

Existing generators are Go or Node programs, and none reads schemas from Python code. Here the
keys of a model come from contract.config.ModelConfig and the settings of the rooms from their own
classes, so the chart cannot disagree with the programs it starts. `@schema {$defs: name}` makes a
block's own schema a definition that other values refer to, with nothing in it required.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from chart import CHART
from pydantic import BaseModel

from contract.config import ModelConfig
from contract.tasks import Task
from ingress.settings import Settings as IngressSettings
from predictors.runtime.settings import Settings as PredictorSettings
from transformer.settings import Settings as TransformerSettings
from transport.client.connection import ConnectionSettings

Schema = dict[str, Any]
_NEVER_IN_VALUES = {"api_keys", "api_keys_file", "voices_db", "voices_keys"}
"""Secrets come from a Secret, never from values that Helm keeps readable."""
_FROM_PROFILE = {"name", "device_config"}
_LABEL = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
"""kubernetes/apimachinery v0.34 pkg/util/validation/validation.go, labelValueFmt."""
_START, _END = "<!-- values: printed by make manifests -->", "<!-- end of values -->"


@dataclass
class Value:
    """One documented key: where it is, what it is for, what it holds."""

    path: tuple[str, ...]
    default: Any
    doc: str = ""
    fragment: Schema = field(default_factory=dict)


class Undocumented(Exception):
    """A key without a comment, or a default whose type nobody can guess."""


# Reading ------------------------------------------------------------------------------------


def read_values(text: str) -> Iterator[Value]:
    """Every key that has a comment of its own, parents before children."""
    lines = text.splitlines()
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    yield from _walk(root, (), lines)


def _walk(node: yaml.MappingNode, path: tuple[str, ...], lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        here = (*path, key.value)
        doc, fragment = _comment(lines, key.start_mark.line)
        default = yaml.safe_load(yaml.serialize(value))
        if doc or fragment:
            yield Value(here, default, doc, fragment)
        if isinstance(value, yaml.MappingNode):
            yield from _walk(value, here, lines)


def _comment(lines: list[str], line: int) -> tuple[str, Schema]:
    """The comment block that ends directly above `line`."""
    block: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        block.insert(0, lines[line].strip().removeprefix("#").strip())
    schema = [text.removeprefix("@schema ") for text in block if text.startswith("@schema ")]
    words = " ".join(text for text in block if not text.startswith("@schema "))
    doc = words.rpartition("-- ")[2] if "-- " in words else ""
    return doc, yaml.safe_load(schema[-1]) if schema else {}


# Schema -------------------------------------------------------------------------------------


def schema_of(text: str) -> Schema:
    """The closed schema of values.yaml. Raises Undocumented."""
    documented = {value.path: value for value in read_values(text)}
    tree = yaml.safe_load(text)
    definitions = _definitions()
    properties = {key: _property((key,), tree[key], documented, definitions) for key in tree}
    definitions["model"] = _model_definition(properties["modelDefaults"])
    definitions["toolchain"] = _optional(properties["toolchainDefaults"])
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart harmony-speech. Printed by make manifests.",
        **_closed(properties),
        "$defs": dict(sorted(definitions.items())),
    }


def _property(
    path: tuple[str, ...], default: Any, documented: dict[tuple[str, ...], Value], found: Schema
) -> Schema:
    value = documented.get(path, Value(path, default))
    fragment = dict(value.fragment)
    name = fragment.pop("$defs", None)
    if "$ref" in fragment:
        return fragment  # draft 7 ignores what stands beside a $ref
    schema = _typed(path, default, fragment, documented, found)
    if value.doc:
        schema = {"description": value.doc, **schema}
    if name is not None:
        found[name] = _optional(schema)
    return schema


def _typed(
    path: tuple[str, ...],
    default: Any,
    fragment: Schema,
    documented: dict[tuple[str, ...], Value],
    found: Schema,
) -> Schema:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    if type(default) in kinds:
        return {"type": kinds[type(default)], **fragment}
    if isinstance(default, list):
        if "items" not in fragment:
            raise Undocumented(f"{'.'.join(path)}: @schema must say what the items are")
        return {"type": "array", **fragment}
    if fragment:  # an open map: its entries are examples, one of which may define them all
        for key in default:
            if "$defs" in documented.get((*path, key), Value((), None)).fragment:
                _property((*path, key), default[key], documented, found)
        return {"type": "object", **fragment}
    if not default:
        raise Undocumented(f"{'.'.join(path)}: @schema must say what the map holds")
    children = {key: _property((*path, key), default[key], documented, found) for key in default}
    return _closed(children)


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _optional(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("required", "description")}


def _definitions() -> Schema:
    quantity = {"type": ["string", "number"], "pattern": r"^[0-9.]+(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"}
    amounts = {"type": "object", "additionalProperties": quantity}
    name = {"type": "string", "minLength": 1}
    return {
        "task": {"enum": [task.value for task in Task]},
        "serviceName": {
            "description": "a DNS label, since services are called so",
            "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$",
            "maxLength": 40,
        },
        "resources": _closed({"requests": amounts, "limits": amounts}) | {"required": ["limits"]},
        "envVar": {
            **_closed({"name": name, "value": {"type": "string"}, "valueFrom": {"type": "object"}}),
            "required": ["name"],
        },
        "predictorSettings": _settings(PredictorSettings),
        "transformerSettings": _settings(TransformerSettings, ConnectionSettings),
        "ingressSettings": _settings(IngressSettings, ConnectionSettings),
    }


def _settings(*rooms: type[BaseModel]) -> Schema:
    properties = {key: one for room in rooms for key, one in _fields(room).items()}
    old = {old: new for room in rooms for old, new in getattr(room, "renamed", {}).items()}
    properties |= {name: {"description": f"now {new.name}"} for name, new in old.items()}
    return _closed({k: v for k, v in sorted(properties.items()) if k not in _NEVER_IN_VALUES})


def _model_definition(defaults: Schema) -> Schema:
    fields = {k: v for k, v in _fields(ModelConfig).items() if k not in _FROM_PROFILE}
    for key in ("model_type", "language"):  # labels of the InferenceService
        fields[key] = {**fields[key], "pattern": _LABEL, "maxLength": 63}
    return {
        **_closed(fields | _optional(defaults)["properties"]),
        "required": ["model", "model_type"],
    }


def _fields(model: type[BaseModel]) -> Schema:
    """The fields of a pydantic model as plain JSON Schema, references resolved."""
    document = model.model_json_schema()
    plain: Schema = _plain(document["properties"], document.get("$defs", {}))
    return {key: _described(one, model, key) for key, one in plain.items()}


def _described(schema: Schema, model: type[BaseModel], key: str) -> Schema:
    description = model.model_fields[key].description
    return {"description": " ".join(description.split()), **schema} if description else schema


def _plain(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_plain(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rpartition("/")[2]], definitions)
    dropped = {"title", "format", "writeOnly", "default", "description"}
    return {
        key: _plain(value, definitions)
        for key, value in node.items()
        if key not in dropped or isinstance(value, dict)
    }


# README -------------------------------------------------------------------------------------


def table_of(text: str) -> str:
    rows = ["| value | default | what it is for |", "|---|---|---|"]
    for value in read_values(text):
        if value.doc:
            path = ".".join(part.replace(".", "\\.") for part in value.path)
            rows.append(f"| `{path}` | {_shown(value.default)} | {_cell(value)} |")
    return "\n".join(rows)


def _shown(default: Any) -> str:
    text = json.dumps(default, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else "see values.yaml"


def _cell(value: Value) -> str:
    choices = value.fragment.get("enum")
    shown = f" One of {', '.join(f'`{one}`' for one in choices)}." if choices else ""
    return re.sub(r"\|", r"\\|", value.doc) + shown


def with_table(readme: str, table: str) -> str:
    before, _, rest = readme.partition(_START)
    after = rest.partition(_END)[2]
    return f"{before}{_START}\n{table}\n{_END}{after}"


def outputs(chart: Path = CHART) -> dict[Path, str]:
    """The files that follow from values.yaml, with what they should hold."""
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    readme = chart / "README.md"
    return {
        chart / "values.schema.json": json.dumps(schema_of(text), indent=1) + "\n",
        readme: with_table(readme.read_text(encoding="utf-8"), table_of(text)),
    }


def main() -> None:
    for path, content in outputs().items():
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(CHART.parents[1])}\n")


if __name__ == "__main__":
    main()
