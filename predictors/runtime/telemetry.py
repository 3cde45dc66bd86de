"""What the model libraries report to their makers: nothing, unless an operator wants it."""

from __future__ import annotations

import os

_OFF = {
    # ONNX Runtime's wheels for Linux send sessions, models' names and an id of the machine to
    # Microsoft, and keep both in the cache's directory (microsoft/onnxruntime pull request 27379).
    "ORT_DISABLE_TELEMETRY": "1",
    # What it sends beside a download (huggingface_hub src/huggingface_hub/constants.py).
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def disable_telemetry() -> None:
    """Call it before a model library is imported, which reads these variables once. An operator's
    own values stay."""
    for name, value in _OFF.items():
        os.environ.setdefault(name, value)
