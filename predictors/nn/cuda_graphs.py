"""Forward passes captured as CUDA graphs: one launch in the place of a thousand. Imports torch.

A graph holds for the shapes it was captured with. So what goes in is padded to a few sizes, which
masks and the crop of what comes out make up for; a shape is captured when it comes a second time.
On anything but a CUDA device the same function runs as it is, over the same padded sizes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

logger = logging.getLogger(__name__)

Pass = Callable[..., tuple[Tensor, ...]]
MOST_GRAPHS = 32
"""Shapes of a pass that are captured; later ones are launched kernel by kernel."""
_LEAST_FRAMES = 64
_STEPS = 4  # sizes in an octave: at most a quarter of a pass is padding
_CAPTURING = threading.Lock()
"""A capture empties torch's cache of memory, which no other capture survives."""


def bucket(frames: int) -> int:
    """The padded length for so many frames: four sizes in an octave, from 64."""
    octave = ((frames - 1) // _LEAST_FRAMES).bit_length()
    step = (_LEAST_FRAMES // _STEPS << octave) // 2
    return -(-frames // step) * step if octave else _LEAST_FRAMES


class Captured:
    """A part of a network: tensors (B, ..., T) and (B, ...) in, tensors (B, ..., k * T) or (B, ...)
    out, with nothing asked of the device on the way. Called under inference mode.

    Until it is enabled it is the function itself. Each stream has graphs of its own: entries that
    share a network run it at the same time.
    """

    def __init__(self, function: Pass, *, timed: Sequence[bool], rates: Sequence[int]) -> None:
        """`timed`: which inputs are as long as the first; `rates`: the k of each output, 0 for one
        without frames."""
        self._function = function
        self._timed, self._rates = timed, rates
        self.is_enabled = False
        self._graphs: dict[Hashable, _Graph | None] = {}
        self._pools: dict[int, Any] = {}
        """Memory that all graphs of a stream use in turn: one is over before the next begins."""

    @property
    def graphs(self) -> int:
        """Shapes that are captured."""
        return sum(graph is not None for graph in list(self._graphs.values()))

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        if not self.is_enabled:
            return self._function(*inputs)
        batch, frames = inputs[0].shape[0], inputs[0].shape[-1]
        rows, length = 1 << (batch - 1).bit_length(), bucket(frames)
        padded = [
            _padded(one, rows, length if is_timed else one.shape[-1])
            for one, is_timed in zip(inputs, self._timed, strict=True)
        ]
        made = self._run(padded)
        return tuple(
            one[:batch, ..., : frames * rate] if rate else one[:batch]
            for one, rate in zip(made, self._rates, strict=True)
        )

    def _run(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        if not inputs[0].is_cuda:
            return self._function(*inputs)
        stream = torch.cuda.current_stream(inputs[0].device).cuda_stream
        key = stream, *((one.shape, one.dtype) for one in inputs)
        if key not in self._graphs:
            self._graphs[key] = None  # for this once; its memory and cuDNN's plans are then known
            return self._function(*inputs)
        graph = self._graphs[key]
        if graph is None and self.graphs < MOST_GRAPHS:
            graph = self._graphs[key] = self._captured(inputs, stream)
        return self._function(*inputs) if graph is None else graph.replay(inputs)

    def _captured(self, inputs: Sequence[Tensor], stream: int) -> _Graph | None:
        if stream not in self._pools:
            self._pools[stream] = torch.cuda.graph_pool_handle()
        try:
            with _CAPTURING:
                return _Graph(self._function, inputs, self._pools[stream])
        except RuntimeError as exc:  # whatever CUDA refuses to capture; it runs without
            logger.warning("a pass could not be captured as a CUDA graph: %s", exc)
            self.is_enabled = False
            return None


class _Graph:
    """The kernels of one call, to be launched again over other numbers."""

    def __init__(self, function: Pass, inputs: Sequence[Tensor], pool: Any) -> None:
        self._inputs = [one.clone() for one in inputs]
        self._graph = torch.cuda.CUDAGraph()
        stream = torch.cuda.current_stream(inputs[0].device)
        is_own = stream != torch.cuda.default_stream(inputs[0].device)
        # Other models' threads go on allocating and waiting meanwhile: only this one must not.
        with torch.cuda.graph(
            self._graph,
            pool=pool,
            stream=stream if is_own else None,
            capture_error_mode="thread_local",
        ):
            self._outputs = function(*self._inputs)

    def replay(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        for own, given in zip(self._inputs, inputs, strict=True):
            own.copy_(given)
        self._graph.replay()
        return tuple(one.clone() for one in self._outputs)


def enable_graphs(network: nn.Module) -> None:
    """Have the network's parts that can be captured take padded sizes, and graphs on a GPU."""
    for module in network.modules():
        for part in vars(module).values():
            if isinstance(part, Captured):
                part.is_enabled = True


def _padded(x: Tensor, rows: int, length: int) -> Tensor:
    """Zeros behind the rows of x (B, ..., T), and behind its frames."""
    missing = [0, length - x.shape[-1], *(0, 0) * (x.ndim - 2), 0, rows - x.shape[0]]
    return F.pad(x, missing) if any(missing) else x
