"""Model types by name: ours in a table, plugins by entry point. Nothing is imported until used.

A plugin package declares, in its pyproject.toml:

    [project.entry-points."harmony_speech.model_types"]
    MySynthesizer = "my_package.module:MySynthesizer"
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from contract.errors import InvalidRequest
from contract.model_types import MODEL_TYPES
from contract.tasks import Task
from predictors.runtime.model import Model

ModelTypeSource = type[Model[Any, Any]] | Callable[[], type[Model[Any, Any]]]
"""A model type, or what imports it."""
ENTRY_POINT_GROUP = "harmony_speech.model_types"


class UnknownModelType(InvalidRequest):
    """No built-in type and no installed plugin has this name."""

    code = "unknown_model_type"


class MissingPackage(InvalidRequest):
    """The model type is known, but a package it needs is not installed."""

    code = "missing_package"


BUILT_IN = (
    "predictors.models.whisper.model:FasterWhisper",
    "predictors.models.silero.model:SileroVAD",
    "predictors.models.piper.model:PiperSynthesizer",
    "predictors.models.kokoro.model:KokoroSynthesizer",
    "predictors.models.kitten.model:KittenTTSSynthesizer",
    "predictors.models.harmonyspeech.encoder:HarmonySpeechEncoder",
    "predictors.models.harmonyspeech.model:HarmonySpeechSynthesizer",
    "predictors.models.harmonyspeech.model:HarmonySpeechVocoder",
    "predictors.models.vits.openvoice:OpenVoiceV1Synthesizer",
    "predictors.models.vits.tone_converters:OpenVoiceV1ToneConverter",
    "predictors.models.vits.tone_converters:OpenVoiceV1ToneConverterEncoder",
    "predictors.models.vits.melo:MeloTTSSynthesizer",
    "predictors.models.vits.tone_converters:OpenVoiceV2ToneConverter",
    "predictors.models.vits.tone_converters:OpenVoiceV2ToneConverterEncoder",
    "predictors.models.voicefixer.model:VoiceFixerRestorer",
    "predictors.models.voicefixer.model:VoiceFixerVocoder",
    "predictors.models.deepfilternet.model:DeepFilterNet",
)
"""Where our model types are, one line each. What may be said of one before it is imported stands in
contract/model_types.json, which `make manifests` prints from their specs."""
_TARGETS = {target.partition(":")[2]: target for target in BUILT_IN}


def known_model_types() -> tuple[str, ...]:
    """Built-in names in the table's order, then plugins' by name."""
    return (*_TARGETS, *sorted(set(_plugins()) - set(_TARGETS)))


def missing_packages(name: str) -> tuple[str, ...]:
    """Packages that the built-in type `name` needs and that are not installed.

    find_spec only locates a package; importing torch to see whether it is there takes seconds.
    """
    known = MODEL_TYPES.get(name)
    return tuple(p for p in known.packages if not is_installed(p)) if known else ()


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def model_type_class(name: str) -> type[Model[Any, Any]]:
    """Import a model type. Raises UnknownModelType or MissingPackage, both with the remedy."""
    if name in _TARGETS:
        refuse_missing(name, missing_packages(name))
        module, _, attribute = _TARGETS[name].partition(":")
        return checked(name, getattr(importlib.import_module(module), attribute))
    plugins = _plugins()
    if name not in plugins:
        known = ", ".join(known_model_types())
        raise UnknownModelType(
            f"model_type {name!r} is unknown; known: {known}; a plugin package may add it",
            param="model_type",
        )
    return checked(name, import_plugin(name, plugins[name]))


def on_first_use(name: str) -> ModelTypeSource:
    """The model type, a built-in one imported when it is first loaded: importing torch takes
    seconds, and a server should listen meanwhile. Raises as `model_type_class`, at once."""
    if name not in _TARGETS:
        return model_type_class(name)
    refuse_missing(name, missing_packages(name))
    return partial(model_type_class, name)


def task_of(name: str) -> Task:
    """What a model type does; only a plugin's is imported for it. Raises as `model_type_class`."""
    if name in MODEL_TYPES:
        refuse_missing(name, missing_packages(name))
        return MODEL_TYPES[name].task
    return model_type_class(name).spec.task


def refuse_missing(name: str, packages: Sequence[str]) -> None:
    """Raise MissingPackage, unless `packages` is empty."""
    if packages:
        extra = MODEL_TYPES[name].extra
        raise MissingPackage(
            f"model_type {name} needs {', '.join(packages)}; "
            f"install it with: pip install 'harmony-speech[{extra}]'",
            param="model_type",
        )


def _plugins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def import_plugin(name: str, entry: EntryPoint) -> object:
    try:
        return entry.load()
    except ImportError as exc:
        package = entry.dist.name if entry.dist else entry.module
        raise MissingPackage(
            f"model_type {name} of the plugin {package} cannot be imported: "
            f"{exc.name or 'a module'} is missing; install what the plugin needs",
            param="model_type",
        ) from exc


def checked(name: str, found: object) -> type[Model[Any, Any]]:
    if not (inspect.isclass(found) and issubclass(found, Model) and hasattr(found, "spec")):
        raise UnknownModelType(
            f"model_type {name} is no subclass of predictors.runtime.model.Model with a spec",
            param="model_type",
        )
    return found
