"""Published ONNX files, read to be changed. Imports onnx, which a start with kept graphs does
without."""

from __future__ import annotations

from pathlib import Path

import onnx

from contract.errors import ModelFailed


def read_model(path: Path, what: str) -> onnx.ModelProto:
    """Raises ModelFailed, which says that the file of `what` is none."""
    try:
        return onnx.load(str(path))
    except Exception as exc:  # protobuf's DecodeError and onnx's own have no common class
        raise ModelFailed(f"{what}'s file is no readable ONNX model") from exc
