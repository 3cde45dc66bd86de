"""Entries whose weights nobody can fetch here: small checkpoints of the public layouts."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from synthetic_checkpoints import write_melo, write_openvoice_v1, write_openvoice_v2
from synthetic_harmonyspeech import write_harmonyspeech
from synthetic_kitten import write_kitten
from synthetic_kokoro import write_onnx_community
from synthetic_voicefixer import write_voicefixer

from contract.config import ModelConfig

Writer = Callable[[Path], Path]


def _entry(model_type: str, write: Writer, root: Path, **settings: Any) -> ModelConfig:
    return ModelConfig(
        name=model_type.lower(),
        model=str(write(root)),
        model_type=model_type,
        device_config={"device": "cpu"},
        **settings,
    )


def _entries(
    write: Writer, *model_types: str, **settings: Any
) -> dict[str, Callable[[Path], ModelConfig]]:
    return {kind: partial(_entry, kind, write, **settings) for kind in model_types}


SYNTHETIC_MODELS: Mapping[str, Callable[[Path], ModelConfig]] = {
    **_entries(
        write_openvoice_v1,
        "OpenVoiceV1Synthesizer",
        "OpenVoiceV1ToneConverter",
        "OpenVoiceV1ToneConverterEncoder",
    ),
    **_entries(write_openvoice_v2, "OpenVoiceV2ToneConverter", "OpenVoiceV2ToneConverterEncoder"),
    **_entries(
        write_harmonyspeech,
        "HarmonySpeechEncoder",
        "HarmonySpeechSynthesizer",
        "HarmonySpeechVocoder",
    ),
    **_entries(write_voicefixer, "VoiceFixerRestorer", "VoiceFixerVocoder"),
    **_entries(write_kitten, "KittenTTSSynthesizer"),
    **_entries(write_onnx_community, "KokoroSynthesizer"),
    **_entries(write_melo, "MeloTTSSynthesizer", options={"bert": "none"}),
}
"""Model type -> what writes its checkpoint below a directory and describes it."""
