"""Which of ONNX Runtime's execution providers serve a device."""

from __future__ import annotations

from collections.abc import Sequence

from contract.config import DeviceConfig
from contract.errors import ModelFailed
from predictors.runtime.devices import worker_device

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
Provider = str | tuple[str, dict[str, int]]


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
