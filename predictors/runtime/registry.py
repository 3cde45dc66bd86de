"""Model types by name: ours in a table, plugins by entry point. Nothing is imported until used.

A plugin package declares, in its pyproject.toml:

    [project.entry-points."harmony_speech.model_types"]
    MySynthesizer = "my_package.module:MySynthesizer"
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from contract.errors import InvalidRequest
from predictors.runtime.model import ModelType

ENTRY_POINT_GROUP = "harmony_speech.model_types"


class UnknownModelType(InvalidRequest):
    """No built-in type and no installed plugin has this name."""

    code = "unknown_model_type"


class MissingPackage(InvalidRequest):
    """The model type is known, but a package it needs is not installed."""

    code = "missing_package"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """Where a model type of ours lives, and what must be installed before it is imported."""

    target: str
    """`module:Class`"""
    extra: str
    """The extra of this project that installs `packages`."""
    packages: tuple[str, ...]


_WHISPER = ("faster_whisper", "onnxruntime")
_HARMONYSPEECH = "predictors.models.harmonyspeech.model"
_OPENVOICE = "predictors.models.vits.openvoice"
_VOICEFIXER = "predictors.models.voicefixer.model"
_TORCH = ("torch",)

MODEL_TYPES: dict[str, BuiltIn] = {
    "FasterWhisper": BuiltIn("predictors.models.whisper.model:FasterWhisper", "whisper", _WHISPER),
    "SileroVAD": BuiltIn("predictors.models.silero.model:SileroVAD", "whisper", ("onnxruntime",)),
    "PiperSynthesizer": BuiltIn(
        "predictors.models.piper.model:PiperSynthesizer", "piper", ("piper",)
    ),
    "HarmonySpeechEncoder": BuiltIn(
        f"{_HARMONYSPEECH}:HarmonySpeechEncoder", "torch", ("torch", "webrtcvad")
    ),
    "HarmonySpeechSynthesizer": BuiltIn(
        f"{_HARMONYSPEECH}:HarmonySpeechSynthesizer", "torch,text", ("torch", "text_unidecode")
    ),
    "HarmonySpeechVocoder": BuiltIn(f"{_HARMONYSPEECH}:HarmonySpeechVocoder", "torch", _TORCH),
    "OpenVoiceV1Synthesizer": BuiltIn(
        f"{_OPENVOICE}:OpenVoiceV1Synthesizer", "torch,text", ("torch", "text_unidecode")
    ),
    "OpenVoiceV1ToneConverter": BuiltIn(f"{_OPENVOICE}:OpenVoiceV1ToneConverter", "torch", _TORCH),
    "OpenVoiceV1ToneConverterEncoder": BuiltIn(
        f"{_OPENVOICE}:OpenVoiceV1ToneConverterEncoder", "torch", _TORCH
    ),
    "MeloTTSSynthesizer": BuiltIn(
        "predictors.models.vits.melo:MeloTTSSynthesizer",
        "torch,text",
        ("torch", "transformers", "jieba"),
    ),
    "OpenVoiceV2ToneConverter": BuiltIn(f"{_OPENVOICE}:OpenVoiceV2ToneConverter", "torch", _TORCH),
    "OpenVoiceV2ToneConverterEncoder": BuiltIn(
        f"{_OPENVOICE}:OpenVoiceV2ToneConverterEncoder", "torch", _TORCH
    ),
    "VoiceFixerRestorer": BuiltIn(f"{_VOICEFIXER}:VoiceFixerRestorer", "torch", _TORCH),
    "VoiceFixerVocoder": BuiltIn(f"{_VOICEFIXER}:VoiceFixerVocoder", "torch", _TORCH),
}


def known_model_types() -> tuple[str, ...]:
    """Built-in names in the table's order, then plugins' by name."""
    return (*MODEL_TYPES, *sorted(set(_plugins()) - set(MODEL_TYPES)))


def missing_packages(name: str) -> tuple[str, ...]:
    """Packages that the built-in type `name` needs and that are not installed.

    find_spec only locates a package; importing torch to see whether it is there takes seconds.
    """
    entry = MODEL_TYPES.get(name)
    return tuple(p for p in entry.packages if not is_installed(p)) if entry else ()


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def model_type_class(name: str) -> type[ModelType[Any, Any]]:
    """Import a model type. Raises UnknownModelType or MissingPackage, both with the remedy."""
    if name in MODEL_TYPES:
        return checked(name, import_built_in(name, MODEL_TYPES[name]))
    plugins = _plugins()
    if name not in plugins:
        known = ", ".join(known_model_types())
        raise UnknownModelType(
            f"model_type {name!r} is unknown; known: {known}; a plugin package may add it",
            param="model_type",
        )
    return checked(name, import_plugin(name, plugins[name]))


def _plugins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def import_built_in(name: str, entry: BuiltIn) -> object:
    missing = [package for package in entry.packages if not is_installed(package)]
    if missing:
        raise MissingPackage(
            f"model_type {name} needs {', '.join(missing)}; "
            f"install it with: pip install 'harmony-speech[{entry.extra}]'",
            param="model_type",
        )
    module, _, attribute = entry.target.partition(":")
    return getattr(importlib.import_module(module), attribute)


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


def checked(name: str, found: object) -> type[ModelType[Any, Any]]:
    if not (inspect.isclass(found) and issubclass(found, ModelType)):
        raise UnknownModelType(
            f"model_type {name} is no subclass of predictors.runtime.model.ModelType",
            param="model_type",
        )
    return found
