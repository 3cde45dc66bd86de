"""Our model types, as rooms that cannot import them know them. Plugins add theirs by the registry.

Printed by `make manifests` from the specs of the classes (`predictors/runtime/registry.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.tasks import Task


@dataclass(frozen=True, slots=True)
class ModelType:
    """What is known of a model type before it is imported."""

    task: Task
    extra: str
    """The extras of this project that install what it needs."""
    image: str
    """The chart's image that has it."""
    packages: tuple[str, ...]
    """Importable packages without which it cannot be imported."""


MODEL_TYPES: Mapping[str, ModelType] = {
    "FasterWhisper": ModelType(
        task=Task.TRANSCRIBE,
        extra="whisper",
        image="whisper",
        packages=("faster_whisper", "ctranslate2", "onnxruntime"),
    ),
    "SileroVAD": ModelType(
        task=Task.DETECT_SPEECH,
        extra="whisper",
        image="whisper",
        packages=("onnxruntime",),
    ),
    "PiperSynthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="piper",
        image="piper",
        packages=("piper", "onnx", "onnxruntime"),
    ),
    "HarmonySpeechEncoder": ModelType(
        task=Task.EMBED_SPEAKER,
        extra="torch",
        image="torch",
        packages=("torch", "webrtcvad"),
    ),
    "HarmonySpeechSynthesizer": ModelType(
        task=Task.SYNTHESIZE_MEL,
        extra="torch,text",
        image="torch",
        packages=("torch", "text_unidecode"),
    ),
    "HarmonySpeechVocoder": ModelType(
        task=Task.VOCODE,
        extra="torch",
        image="torch",
        packages=("torch",),
    ),
    "OpenVoiceV1Synthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="torch,text",
        image="torch",
        packages=("torch", "text_unidecode"),
    ),
    "OpenVoiceV1ToneConverter": ModelType(
        task=Task.CONVERT_VOICE,
        extra="torch",
        image="torch",
        packages=("torch",),
    ),
    "OpenVoiceV1ToneConverterEncoder": ModelType(
        task=Task.EMBED_SPEAKER,
        extra="torch",
        image="torch",
        packages=("torch",),
    ),
    "MeloTTSSynthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="torch,text",
        image="torch",
        packages=("torch", "transformers", "jieba"),
    ),
    "OpenVoiceV2ToneConverter": ModelType(
        task=Task.CONVERT_VOICE,
        extra="torch",
        image="torch",
        packages=("torch",),
    ),
    "OpenVoiceV2ToneConverterEncoder": ModelType(
        task=Task.EMBED_SPEAKER,
        extra="torch",
        image="torch",
        packages=("torch",),
    ),
    "VoiceFixerRestorer": ModelType(
        task=Task.RESTORE,
        extra="torch",
        image="torch",
        packages=("torch",),
    ),
    "VoiceFixerVocoder": ModelType(
        task=Task.VOCODE,
        extra="torch",
        image="torch",
        packages=("torch",),
    ),
}
MODEL_TYPE_TASKS: Mapping[str, Task] = {name: one.task for name, one in MODEL_TYPES.items()}
