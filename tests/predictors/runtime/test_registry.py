"""Model types are found by name, imported late, and missing ones are told with a remedy."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from contract.model_types import MODEL_TYPE_TASKS
from predictors.runtime import registry
from predictors.runtime.registry import BuiltIn, MissingPackage, UnknownModelType


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelType, match="FasterWhisper") as refused:
        registry.model_type_class("NoSuchType")
    assert refused.value.param == "model_type"


def test_missing_package_names_the_extra_to_install() -> None:
    entry = BuiltIn("no.such.module:Type", "piper", ("no_such_package", "numpy"))
    with pytest.raises(MissingPackage, match=r"needs no_such_package; .*harmony-speech\[piper\]"):
        registry.import_built_in("PiperSynthesizer", entry)


def test_plugin_that_lacks_a_package_says_which() -> None:
    broken = EntryPoint("Broken", "no_such_package.module:Type", registry.ENTRY_POINT_GROUP)
    with pytest.raises(MissingPackage, match="no_such_package is missing"):
        registry.import_plugin("Broken", broken)


def test_plugin_that_is_no_model_type_is_refused() -> None:
    with pytest.raises(UnknownModelType, match="no subclass"):
        registry.checked("Path", Path)


HEAVY = {"torch", "onnxruntime", "ctranslate2", "piper", "faster_whisper", "kserve"}
LOOK_UP = """
import sys
from predictors.runtime import registry
for name in registry.known_model_types():
    registry.missing_packages(name)
print(*sys.modules)
"""


def test_looking_up_imports_nothing_heavy() -> None:
    found = subprocess.run([sys.executable, "-c", LOOK_UP], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert not HEAVY & set(found.stdout.split())


@pytest.mark.parametrize("name", registry.MODEL_TYPES)
def test_built_in_types_are_importable_and_serve_their_task(name: str) -> None:
    kind = registry.model_type_class(name)
    assert kind.__name__ == name
    assert kind.task is MODEL_TYPE_TASKS[name]
