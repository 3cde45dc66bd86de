"""Our model types, as rooms that cannot import them know them. Plugins add theirs by the registry.

`model_types.json` is printed by `make manifests` from the specs of the classes
(`predictors/runtime/registry.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from pydantic import TypeAdapter

from contract.tasks import Task


@dataclass(frozen=True, slots=True)
class ModelType:
    """What is known of a model type before it is imported."""

    task: Task
    extra: str = ""
    """The extras of this project that install what it needs."""
    image: str = ""
    """The chart's image that has it."""
    packages: tuple[str, ...] = ()
    """Importable packages without which it cannot be imported."""
    license: str = ""
    """What binds whoever runs it besides this project's own licence: the SPDX id of its public
    weights, or of a library under stronger terms; `unverified` where no card could be read."""
    voice_languages: Mapping[str, str] = field(default_factory=dict)
    """First letter of a voice's name -> the language it speaks; empty where an entry has one."""
    blends: bool = False
    """Whether `voice` may be several with weights: `one(2)+two(1)`."""
    phonemes: bool = False
    """Whether it says words by IPA where a text notes it (contract/pronunciation.py)."""
    word_times: bool = False
    """Whether it tells when each word is spoken."""
    first_piece_chars: int = 0
    """A longer first sentence of a stream is cut at its first clause, for an early first sound; 0:
    the model is fast enough to speak whole sentences."""
    loads_ahead: bool = False
    """Imported fast, then loaded and warmed up without importing what a server does: a thread may
    do so beside its imports, where two that import the same modules can deadlock."""


_TABLE = resources.files("contract").joinpath("model_types.json")
MODEL_TYPES: Mapping[str, ModelType] = TypeAdapter(dict[str, ModelType]).validate_json(
    _TABLE.read_bytes()
)
MODEL_TYPE_TASKS: Mapping[str, Task] = {name: one.task for name, one in MODEL_TYPES.items()}
