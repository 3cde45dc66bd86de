"""Networks of the public sizes with weights that a rule makes up, since nobody can fetch the real
ones here. Time and memory depend on the sizes only; what such a network says is noise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.material import ROOT, VOICE, WHISPER, entry
from contract.config import DeviceConfig, ModelConfig
from predictors.runtime.openmp import set_openmp_passive

_FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "harmonyspeech": (
        "synthetic_harmonyspeech:write_harmonyspeech",
        ("HarmonySpeechEncoder", "HarmonySpeechSynthesizer", "HarmonySpeechVocoder"),
    ),
    "openvoice_v1": ("synthetic_checkpoints:write_openvoice_v1", ("OpenVoiceV1Synthesizer",)),
    "openvoice_v2": (
        "synthetic_checkpoints:write_openvoice_v2",
        ("OpenVoiceV2ToneConverter", "OpenVoiceV2ToneConverterEncoder"),
    ),
    "melo": ("synthetic_checkpoints:write_melo", ("MeloTTSSynthesizer",)),
    "voicefixer": (
        "synthetic_voicefixer:write_voicefixer",
        ("VoiceFixerRestorer", "VoiceFixerVocoder"),
    ),
}
"""What writes the files of each: the parity tests' own functions in tests/support. The converters
of OpenVoice V1 are V2's network, so they are measured once."""
REAL = {
    **{"FasterWhisper": WHISPER, "SileroVAD": "silero-vad", "PiperSynthesizer": VOICE},
    "DeepFilterNet": "deepfilternet",
}
"""Model types whose weights install from a package registry, and their entries in config.yml."""


def written(folder: Path, *families: str, size: str = "FULL") -> dict[str, ModelConfig]:
    """Write checkpoints below `folder`, of the public sizes or SMALL; entries by model type. No
    name: all families."""
    entries: dict[str, ModelConfig] = {}
    for family in families or _FAMILIES:
        target, model_types = _FAMILIES[family]
        root = _write(target, folder / family, size)
        entries |= {kind: _entry(kind, str(root)) for kind in model_types}
    return entries


def _write(target: str, folder: Path, size: str) -> Path:
    set_openmp_passive()  # as our servers do, before torch is imported
    support = str(ROOT / "tests" / "support")
    if support not in sys.path:
        sys.path.append(support)
    module, _, name = target.partition(":")
    write: Callable[..., Path] = getattr(import_module(module), name)
    return write(folder, size=getattr(import_module("synthetic_checkpoints"), size))


def real(*model_types: str) -> dict[str, ModelConfig]:
    """Entries with real weights, by model type."""
    wanted = model_types or tuple(REAL)
    return {kind: ModelConfig.model_validate(entry(REAL[kind])) for kind in wanted}


def _entry(model_type: str, model: str) -> ModelConfig:
    options: dict[str, Any] = {"bert": "none"} if model_type == "MeloTTSSynthesizer" else {}
    return ModelConfig(
        name=model_type.lower(),
        model=model,
        model_type=model_type,
        language="EN" if "Synthesizer" in model_type else None,
        device_config=DeviceConfig(device="cpu"),
        options=options,
    )
