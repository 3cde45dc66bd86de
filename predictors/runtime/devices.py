"""Which device an entry runs on, and its streams, without importing a model library."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from contract.config import DeviceConfig

T = TypeVar("T")

_GPU_NODES = (Path("/dev/nvidia0"), Path("/dev/dxg"))  # the second is a GPU under WSL
_own = threading.local()


def has_gpu() -> bool:
    return any(node.exists() for node in _GPU_NODES)


def worker_device(config: DeviceConfig) -> str | None:
    """The GPU that the entry runs on, or None for the CPU."""
    device = config.device
    if device == "auto":
        device = "cuda" if has_gpu() else "cpu"
    if device == "cpu":
        return None
    return device if ":" in device else f"{device}:0"


def run_on_own_stream(device: str | None, call: Callable[[], T]) -> T:
    """The call, its torch kernels on a CUDA stream that this thread keeps.

    So passes of several models overlap on one GPU; on the default stream, which all threads share,
    each would wait for the others. CTranslate2 and ONNX Runtime have streams of their own.
    """
    torch = _torch_with_gpu(device)
    if torch is None:
        return call()
    if not hasattr(_own, "stream"):
        _own.stream = torch.cuda.Stream(device)
    with torch.cuda.stream(_own.stream):
        return call()


def wait_for_device(device: str | None) -> None:
    """Return when what torch was asked to do on the device is done, copies of weights above all."""
    torch = _torch_with_gpu(device)
    if torch is not None:
        torch.cuda.synchronize(device)


def empty_cache() -> None:
    """Give the memory back that torch keeps on its devices, if it is in use there."""
    if _is_on_gpu():
        sys.modules["torch"].cuda.empty_cache()
        empty_pinned_cache()


def empty_pinned_cache() -> None:
    """Give the main memory back that torch keeps for copies to and from its devices."""
    if _is_on_gpu():
        accelerator = sys.modules["torch"].accelerator
        empty = getattr(accelerator, "empty_host_cache", None)  # not in every torch we take
        if empty is not None:
            empty()


def _torch_with_gpu(device: str | None) -> Any:
    return sys.modules["torch"] if device and _is_on_gpu() else None


def _is_on_gpu() -> bool:
    """Another thread may be about to import torch: then its modules are there before their
    functions are."""
    is_initialized = getattr(sys.modules.get("torch.cuda"), "is_initialized", None)
    return is_initialized is not None and bool(is_initialized())
