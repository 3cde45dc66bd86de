"""Small ONNX models and voices in the public layouts of Kokoro: tones that last as long as symbols.

A symbol lasts 2 to 4 frames of 600 samples by its id, divided by `speed`; the pitch of the whole
follows from the style, so that voices differ and a blend lies between them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

FRAME_SAMPLES = 600
SAMPLE_RATE = 24_000
VOICES = {"af_one": 220.0, "am_two": 440.0, "bf_three": 330.0, "ef_four": 550.0}
"""Name → the pitch in Hz."""


def styles(pitch_hz: float) -> NDArray[np.float32]:
    """[510, 1, 256] of one number."""
    return np.full((510, 1, 256), pitch_hz / 1000, np.float32)


def write_onnx_community(folder: Path) -> Path:
    """onnx/model.onnx with `input_ids`, and voices/<name>.bin."""
    (folder / "onnx").mkdir(parents=True)
    (folder / "voices").mkdir()
    onnx.save(graph("input_ids"), str(folder / "onnx" / "model.onnx"))
    for name, pitch_hz in VOICES.items():
        (folder / "voices" / f"{name}.bin").write_bytes(styles(pitch_hz).tobytes())
    return folder


def write_kokoro_onnx(folder: Path) -> Path:
    """kokoro-v1.0.onnx with `tokens`, and all voices in voices-v1.0.bin, a numpy archive."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(graph("tokens"), str(folder / "kokoro-v1.0.onnx"))
    archive: Mapping[str, Any] = {name: styles(pitch_hz) for name, pitch_hz in VOICES.items()}
    with (folder / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **archive)
    return folder


def write_torch_voices(folder: Path) -> Path:
    """voices/<name>.pt as torch.save lays a tensor out; a pickle that must never be read."""
    write_kokoro_onnx(folder)
    (folder / "voices-v1.0.bin").unlink()
    (folder / "voices").mkdir()
    for name, pitch_hz in VOICES.items():
        with zipfile.ZipFile(folder / "voices" / f"{name}.pt", "w") as archive:
            archive.writestr(f"{name}/data.pkl", b"cos\nsystem\n(S'exit 1'\ntR.")
            archive.writestr(f"{name}/data/0", styles(pitch_hz).tobytes())
    return folder


def graph(ids_input: str) -> onnx.ModelProto:
    def step(operation: str, *inputs: str, to: str, **attributes: Any) -> onnx.NodeProto:
        made: onnx.NodeProto = helper.make_node(operation, list(inputs), [to], **attributes)
        return made

    numbers = {"two": 2.0, "three": 3.0, "one": 1.0, "zero": 0.0, "amplitude": 0.3}
    numbers |= {"samples": FRAME_SAMPLES, "radians": 2000 * np.pi / SAMPLE_RATE}
    nodes = [
        helper.make_node("Cast", [ids_input], ["ids"], to=TensorProto.FLOAT),
        step("Mod", "ids", "three", to="rest", fmod=1),
        step("Add", "rest", "two", to="slow"),
        step("Div", "slow", "speed", to="frames_wanted"),
        step("Round", "frames_wanted", to="rounded"),
        step("Max", "rounded", "one", to="frames"),
        step("ReduceSum", "frames", to="total", keepdims=0),
        step("Mul", "total", "samples", to="length"),
        step("Range", "zero", "length", "one", to="count"),
        step("ReduceMean", "style", to="pitch", keepdims=0),
        step("Mul", "count", "pitch", to="cycles"),
        step("Mul", "cycles", "radians", to="phase"),
        step("Sin", "phase", to="wave"),
        step("Mul", "wave", "amplitude", to="audio"),
    ]
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "kokoro",
        [
            value(ids_input, TensorProto.INT64, [1, "symbols"]),
            value("style", TensorProto.FLOAT, [1, 256]),
            value("speed", TensorProto.FLOAT, [1]),
        ],
        [value("audio", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor(name, TensorProto.FLOAT, [], [n]) for name, n in numbers.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model
