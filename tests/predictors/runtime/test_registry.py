"""Model types are found by name, imported late, and missing ones are reported with a remedy."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from contract.model_types import MODEL_TYPES
from predictors.runtime import registry
from predictors.runtime.registry import MissingPackage, UnknownModelType


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelType, match="FasterWhisper") as refused:
        registry.model_type_class("NoSuchType")
    assert refused.value.param == "model_type"


def test_missing_package_names_the_extra_to_install() -> None:
    with pytest.raises(MissingPackage, match=r"needs no_such_package; .*harmony-speech\[piper\]"):
        registry.refuse_missing("PiperSynthesizer", ["no_such_package"])


def test_plugin_that_lacks_a_package_says_which() -> None:
    broken = EntryPoint("Broken", "no_such_package.module:Type", registry.ENTRY_POINT_GROUP)
    with pytest.raises(MissingPackage, match="no_such_package is missing"):
        registry.import_plugin("Broken", broken)


def test_plugin_that_is_no_model_type_is_refused() -> None:
    with pytest.raises(UnknownModelType, match="no subclass"):
        registry.checked("Path", Path)


HEAVY = {"torch", "onnxruntime", "ctranslate2", "piper", "faster_whisper", "transformers"}
LOOK_UP = """
import sys
import predictors.server
import transport.kserve.server
from predictors.runtime import registry
for name in registry.known_model_types():
    registry.missing_packages(name)
    registry.on_first_use(name)
    registry.task_of(name)
print(*sys.modules)
"""


def test_looking_up_imports_nothing_heavy() -> None:
    found = subprocess.run([sys.executable, "-c", LOOK_UP], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert not HEAVY & set(found.stdout.split())


@pytest.mark.parametrize("name", MODEL_TYPES)
def test_built_in_types_are_importable_and_are_what_the_printed_table_says(name: str) -> None:
    kind = registry.model_type_class(name)
    spec, printed = kind.spec, MODEL_TYPES[name]
    assert kind.__name__ == name
    assert (spec.task, spec.extra, spec.image) == (printed.task, printed.extra, printed.image)
    assert spec.packages == printed.packages


def test_the_printed_table_holds_every_built_in_type() -> None:
    assert [target.partition(":")[2] for target in registry.BUILT_IN] == list(MODEL_TYPES)
