"""Our model types, as rooms that cannot import them know them. Plugins add theirs by the registry.

Printed by `make manifests` from the specs of the classes (`predictors/runtime/registry.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    license: str = ""
    """Of its public weights, or of a library under stronger terms."""
    voice_languages: Mapping[str, str] = field(default_factory=dict)
    """First letter of a voice's name -> the language it speaks; empty where an entry has one."""
    blends: bool = False
    """Whether `voice` may be several with weights: `one(2)+two(1)`."""
    first_piece_chars: int = 0
    """A longer first sentence of a stream is cut at its first clause, for an early first sound; 0:
    the model is fast enough to speak whole sentences."""


MODEL_TYPES: Mapping[str, ModelType] = {
    "FasterWhisper": ModelType(
        task=Task.TRANSCRIBE,
        extra="whisper",
        image="whisper",
        packages=("faster_whisper", "ctranslate2", "onnxruntime"),
        license="MIT",
    ),
    "SileroVAD": ModelType(
        task=Task.DETECT_SPEECH,
        extra="whisper",
        image="whisper",
        packages=("onnxruntime",),
        license="MIT",
    ),
    "PiperSynthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="piper",
        image="piper",
        packages=("piper", "onnx", "onnxruntime"),
        license="GPL-3.0-or-later, and the voice's own",
    ),
    "KokoroSynthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="kokoro",
        image="piper",
        packages=("onnx", "onnxruntime", "text_unidecode"),
        license="Apache-2.0; espeak-ng GPL-3.0-or-later",
        voice_languages={
            "a": "en-US",
            "b": "en-GB",
            "e": "es",
            "f": "fr",
            "h": "hi",
            "i": "it",
            "j": "ja",
            "p": "pt-BR",
            "z": "zh",
        },
        blends=True,
        first_piece_chars=40,
    ),
    "KittenTTSSynthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="kitten",
        image="piper",
        packages=("onnxruntime", "espeakng_loader"),
        license="Apache-2.0; espeak-ng GPL-3.0-or-later",
    ),
    "HarmonySpeechEncoder": ModelType(
        task=Task.EMBED_SPEAKER,
        extra="torch",
        image="torch",
        packages=("torch", "webrtcvad"),
        license="unverified",
    ),
    "HarmonySpeechSynthesizer": ModelType(
        task=Task.SYNTHESIZE_MEL,
        extra="torch,text",
        image="torch",
        packages=("torch", "text_unidecode"),
        license="unverified",
    ),
    "HarmonySpeechVocoder": ModelType(
        task=Task.VOCODE,
        extra="torch",
        image="torch",
        packages=("torch",),
        license="unverified",
    ),
    "OpenVoiceV1Synthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="torch,text",
        image="torch",
        packages=("torch", "text_unidecode"),
        license="MIT, unverified",
    ),
    "OpenVoiceV1ToneConverter": ModelType(
        task=Task.CONVERT_VOICE,
        extra="torch",
        image="torch",
        packages=("torch",),
        license="MIT, unverified",
    ),
    "OpenVoiceV1ToneConverterEncoder": ModelType(
        task=Task.EMBED_SPEAKER,
        extra="torch",
        image="torch",
        packages=("torch",),
        license="MIT, unverified",
    ),
    "MeloTTSSynthesizer": ModelType(
        task=Task.SYNTHESIZE,
        extra="torch,text",
        image="torch",
        packages=("torch", "transformers", "jieba"),
        license="MIT, unverified",
    ),
    "OpenVoiceV2ToneConverter": ModelType(
        task=Task.CONVERT_VOICE,
        extra="torch",
        image="torch",
        packages=("torch",),
        license="MIT, unverified",
    ),
    "OpenVoiceV2ToneConverterEncoder": ModelType(
        task=Task.EMBED_SPEAKER,
        extra="torch",
        image="torch",
        packages=("torch",),
        license="MIT, unverified",
    ),
    "VoiceFixerRestorer": ModelType(
        task=Task.RESTORE,
        extra="torch",
        image="torch",
        packages=("torch",),
        license="unverified",
    ),
    "VoiceFixerVocoder": ModelType(
        task=Task.VOCODE,
        extra="torch",
        image="torch",
        packages=("torch",),
        license="unverified",
    ),
    "DeepFilterNet": ModelType(
        task=Task.RESTORE_AUDIO,
        extra="whisper",
        image="whisper",
        packages=("onnxruntime",),
        license="MIT or Apache-2.0",
    ),
}
MODEL_TYPE_TASKS: Mapping[str, Task] = {name: one.task for name, one in MODEL_TYPES.items()}
