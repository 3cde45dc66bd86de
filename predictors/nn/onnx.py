"""ONNX Runtime: sessions, their memory, and the execution providers that serve a device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnxruntime

from contract.config import DeviceConfig
from contract.errors import ModelFailed
from predictors.runtime.devices import worker_device

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
Provider = str | tuple[str, dict[str, int]]


def returning_memory(providers: Sequence[Provider]) -> onnxruntime.RunOptions | None:
    """Options of a run after which ONNX Runtime gives up what it allocated on the CPU; None on a
    GPU, whose provider has an arena of its own.

    Else its arena keeps the most that any run took. Measured with Piper on mixed batches: 390 MB
    instead of 1,180 for a tenth more processor time; so for large runs only.
    """
    if tuple(providers) != (_CPU,):
        return None
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def onnx_providers(config: DeviceConfig, available: Sequence[str]) -> tuple[Provider, ...]:
    """`available`: onnxruntime.get_available_providers(). `auto` takes the GPU if both are there.

    Raises ModelFailed when a GPU is asked for that this ONNX Runtime cannot use.
    """
    device = worker_device(config)
    if device is not None and _CUDA in available:
        return ((_CUDA, {"device_id": int(device.partition(":")[2])}), _CPU)
    if config.device.startswith("cuda"):
        raise ModelFailed(
            "this ONNX Runtime has no CUDA; install onnxruntime-gpu or set device to cpu"
        )
    return (_CPU,)


def onnx_session(
    model: Path | bytes, *, threads: int, providers: Sequence[Provider]
) -> onnxruntime.InferenceSession:
    """A session for a file or for a graph in memory. Raises ModelFailed when it is none."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take a quarter more processor time, on a shared machine
    # from the very thread they wait for.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    try:
        return onnxruntime.InferenceSession(source, options, providers=list(providers))
    except Exception as exc:  # its errors have no common class
        raise ModelFailed("the model's file is no ONNX model that can be run") from exc
