"""Which device an entry runs on, told without importing a model library."""

from __future__ import annotations

from pathlib import Path

from contract.config import DeviceConfig

_GPU_NODES = (Path("/dev/nvidia0"), Path("/dev/dxg"))  # the second is a GPU under WSL


def has_gpu() -> bool:
    return any(node.exists() for node in _GPU_NODES)


def worker_device(config: DeviceConfig) -> str | None:
    """The GPU whose worker thread the entry shares, or None for a CPU thread of its own."""
    device = config.device
    if device == "auto":
        device = "cuda" if has_gpu() else "cpu"
    if device == "cpu":
        return None
    return device if ":" in device else f"{device}:0"
