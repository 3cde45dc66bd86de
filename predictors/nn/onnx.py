"""ONNX Runtime: graphs, the memory of their runs, and the execution providers of a device."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import onnxruntime

from contract.config import DeviceConfig
from contract.errors import ModelFailed
from predictors.runtime.devices import worker_device

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_MOST_THREADS = 4
Provider = str | tuple[str, dict[str, int]]


class OnnxModel:
    """A graph that ONNX Runtime has loaded. Thread-safe."""

    def __init__(
        self,
        model: Path | bytes,
        *,
        threads: int,
        providers: Sequence[Provider],
        weights: Mapping[str, onnxruntime.OrtValue] | None = None,
        is_optimized: bool = False,
    ) -> None:
        """A file, or a graph in memory; `weights`, by initializer's name, are shared with whoever
        else has them. What `is_optimized` is run as it is. Raises ModelFailed when it is none.

        On a GPU nothing is shared: a session takes such weights as they are, in main memory, and
        hands their addresses to the GPU's kernels (microsoft/onnxruntime,
        onnxruntime/core/framework/session_state_utils.cc, SaveInitializedTensors).
        """
        self.is_on_cpu = tuple(providers) == (_CPU,)
        self._weights = dict(weights or {}) if self.is_on_cpu else {}  # a session has no copy
        options = session_options(threads, is_optimized=is_optimized)
        if self.is_on_cpu:
            _share_arena(options)
        for name, value in self._weights.items():
            options.add_initializer(name, value)
        try:
            with _source(model) as source:
                self.session = onnxruntime.InferenceSession(
                    source, options, providers=list(providers)
                )
        except Exception as exc:  # its errors have no common class
            raise ModelFailed(
                "the model's file is no ONNX model that can be run; download it again"
            ) from exc
        self.inputs = frozenset(one.name for one in self.session.get_inputs())
        self.outputs = tuple(one.name for one in self.session.get_outputs())
        self._returning = _returning_memory() if self.is_on_cpu else None
        self._has_run = False

    def run(
        self,
        feed: Mapping[str, Any],
        wanted: Sequence[str] | None = None,
        *,
        keeps_memory: bool = False,
    ) -> list[Any]:
        """The outputs that are wanted, or all.

        On a CPU, ONNX Runtime's arena keeps the most that runs took. Unless a run `keeps_memory`
        for the next, it is given back: measured with Piper on mixed batches, 390 MB instead of
        1,180 for a tenth more processor time. So small runs keep it.
        """
        self._has_run = True
        options = None if keeps_memory else self._returning
        made: list[Any] = self.session.run(wanted, feed, options)
        return made

    def trim_memory(self, feed: Mapping[str, Any]) -> None:
        """Give back what runs have kept, by one with a small `feed` that keeps nothing. What a run
        gives back is not all: its outputs lie in the arena yet, and runs beside it."""
        if self._has_run and self._returning is not None:
            self._has_run = False
            self.session.run(None, feed, self._returning)


def default_threads() -> int:
    """OMP_NUM_THREADS, which the chart sets to the CPU limit of a pod, else a thread for each
    core, at most 4. ONNX Runtime by itself would take every core of the node."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    return min(_MOST_THREADS, os.cpu_count() or 1)


def session_options(threads: int, *, is_optimized: bool = False) -> onnxruntime.SessionOptions:
    """How every graph is run here; 0 threads: `default_threads`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or default_threads()
    if is_optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Threads that spin while they wait take a quarter more processor time, on a shared machine
    # from the very thread they wait for.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not _multiplies_signed_bytes():
        options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3
    return options


def _share_arena(options: onnxruntime.SessionOptions) -> None:
    """Have a session on the CPU run in the one arena of this process, which keeps the most that all
    sessions took at once instead of the sum of what each ever took. Weights lie outside it, as no
    region of it with anything in it is given back.

    Both entries: microsoft/onnxruntime, include/onnxruntime/core/session/
    onnxruntime_session_options_config_keys.h.
    """
    _register_arena()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")


@cache
def _register_arena() -> None:
    arena = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(arena, onnxruntime.OrtArenaCfg({}))


@contextmanager
def _source(model: Path | bytes) -> Iterator[str | bytes]:
    """What a session is made of. One that is made of bytes keeps them for ever, 88 MB of Kokoro's,
    beside the weights: on Linux it reads them from a file in memory, which goes away."""
    if isinstance(model, Path):
        yield str(model)
    elif sys.platform == "linux":
        with os.fdopen(os.memfd_create("graph"), "wb") as file:
            file.write(model)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        yield model


def _multiplies_signed_bytes() -> bool:
    """Whether the processor has VNNI. Without it, sums of signed bytes overflow on x86 unless ONNX
    Runtime is asked for precision, which is slower where it is not needed: microsoft/onnxruntime,
    include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h. Elsewhere the
    request has no effect.
    """
    try:
        processor = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "avx512_vnni" in processor or "avx_vnni" in processor


def _returning_memory() -> onnxruntime.RunOptions:
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


class RunCounter:
    """How many runs of a network are under way. Thread-safe."""

    def __init__(self) -> None:
        self._running = 0
        self._lock = threading.Lock()

    @contextmanager
    def counted(self) -> Iterator[int]:
        """How many run, this one included."""
        with self._lock:
            self._running += 1
            running = self._running
        try:
            yield running
        finally:
            with self._lock:
                self._running -= 1
