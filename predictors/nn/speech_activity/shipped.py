"""Silero's weights in packages that may be installed."""

from __future__ import annotations

from pathlib import Path

from predictors.runtime.weights.source import WeightsMissing, resolve

SHIPPED = (
    # Version 6.2, which `make serve` and the images install without what it needs: importing the
    # package needs torch, and nobody imports it here.
    "package:silero_vad/data/silero_vad_16k_sequence.onnx",
    # Version 6.0, which arrives with the `whisper` extra, misses soft beginnings: half a second of
    # "ask what you can do", where 6.2 hears it at once.
    "package:faster_whisper/assets/silero_vad_v6.onnx",
)


def shipped_network() -> Path:
    """The newest of Silero's ONNX files that is installed. Raises WeightsMissing."""
    for place in SHIPPED:
        try:
            return resolve(place)
        except WeightsMissing:
            continue
    raise WeightsMissing(
        "no installed package holds Silero's weights; install faster-whisper "
        "(pip install 'harmony-speech[whisper]') or give `model` an ONNX file"
    )
