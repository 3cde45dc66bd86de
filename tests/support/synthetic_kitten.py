"""A small ONNX model and voices in the public layout of KittenTTS: tones, as of Kokoro's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from synthetic_kokoro import graph

PITCHES_HZ = {"expr-voice-2-f": 330.0, "expr-voice-2-m": 220.0, "expr-voice-4-m": 165.0}
ALIASES = {"Bella": "expr-voice-2-f", "Jasper": "expr-voice-2-m", "Hugo": "expr-voice-4-m"}
SPEED_PRIORS = {"expr-voice-2-f": 0.8, "expr-voice-2-m": 0.8, "expr-voice-4-m": 0.9}


def write_kitten(folder: Path, **changes: Any) -> Path:
    """config.json, its ONNX file and voices.npz. `changes` are keys of config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(graph("input_ids"), str(folder / "kitten_tts_nano_v0_8.onnx"))
    voices: Mapping[str, Any] = {
        name: np.full((400, 256), pitch_hz / 1000, np.float32)
        for name, pitch_hz in PITCHES_HZ.items()
    }
    np.savez(folder / "voices.npz", **voices)
    config = {
        "type": "ONNX2",
        "model_file": "kitten_tts_nano_v0_8.onnx",
        "voices": "voices.npz",
        "speed_priors": SPEED_PRIORS,
        "voice_aliases": ALIASES,
    }
    (folder / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")
    return folder
