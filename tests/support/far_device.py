"""A device whose values nobody can see: what a pass asks of a GPU, found without one.

Tensors on torch's meta device have shapes and no values. A forward pass that asks for a value
before its results are ready, which on a GPU means to wait until all that was launched is done,
fails there and says where; a copy that would wait is noted. What is on the CPU keeps its values.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import predictors

FAR = torch.device("meta")
_OURS = str(Path(predictors.__file__).parent)
_COPIES = {"_to_copy", "to", "copy_", "index", "index_put_"}
"""Indexing copies an index that lies elsewhere."""
_MAKERS = {torch.tensor, torch.as_tensor}
"""With a device they copy from ordinary memory."""


class _Copies(TorchDispatchMode):
    """Notes copies to the device that Python would wait for: the places that ask for them."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        options = kwargs or {}
        made = func(*args, **options)
        name = func.__name__.partition(".")[0]
        devices = {one.device for one in _tensors((made, *args))}
        is_queued = options.get("non_blocking", any(one is True for one in args))
        if name in _COPIES and len(devices) > 1 and not is_queued:
            self.waiting.append(f"{_place(traceback.extract_stack())}: {name}")
        return made


class _Makers(TorchFunctionMode):
    def __init__(self, copies: _Copies) -> None:
        super().__init__()
        self._copies = copies

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        options = kwargs or {}
        if func in _MAKERS and options.get("device") == FAR:
            self._copies.waiting.append(f"{_place(traceback.extract_stack())}: {func.__name__}")
        return func(*args, **options)


def first_wait(work: Callable[[], object]) -> str | None:
    """The file and function of ours that first waits for the device, and how; None: none does."""
    copies, place = _Copies(), None
    with torch.inference_mode(), copies, _Makers(copies):
        try:
            work()
        except (NotImplementedError, RuntimeError, TypeError) as error:
            place = f"{_place(traceback.extract_tb(error.__traceback__))}: {error}"
    return copies.waiting[0] if copies.waiting else place


def _tensors(values: Sequence[Any]) -> Iterator[Tensor]:
    for one in values:
        if isinstance(one, Tensor):
            yield one
        elif isinstance(one, list | tuple):
            yield from _tensors(one)


def _place(frames: traceback.StackSummary) -> str:
    own = [one for one in frames if one.filename.startswith(_OURS)]
    return f"{Path(own[-1].filename).name} {own[-1].name}" if own else "no code of ours"
