"""Weights that torch.save wrote, read without torch: both of its formats, and nothing executed.

The zip archive of today (`*/data.pkl` beside `*/data/<storage>`) and the older file of five pickles
with the storages behind them. What is needed of either stands in torch/serialization.py (`_save`,
`_legacy_save`) and torch/_utils.py (`_rebuild_tensor_v2`).
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictors.nn.checkpoint_errors import CheckpointError, damaged_file, entry, unreadable_file

Array = NDArray[Any]
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor whose numbers have not been read."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def numbers(self, content: bytes) -> Array:
        """A copy. Raises ValueError where it does not lie within its storage."""
        flat = np.frombuffer(content, self.storage.dtype)
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        size = math.prod(self.shape)
        if min((self.offset, *self.shape, *self.strides)) < 0 or size > len(flat):
            raise ValueError("a tensor is bigger than its storage")
        if size and last >= len(flat):
            raise ValueError("a tensor lies outside its storage")
        steps = tuple(step * flat.itemsize for step in self.strides)
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, steps).copy()


def read_tensors(path: Path, *names: str) -> dict[str, Array]:
    """The tensors in the dict under content[names[0]][names[1]]…; other entries are left out.

    Raises CheckpointError for a file that is missing, damaged, no dict, or that holds anything but
    tensors and plain values (such a pickle could run code).
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise unreadable_file(path, exc) from exc
    try:
        found, storage = (_archive if zipfile.is_zipfile(path) else _legacy)(content)
    except Exception as exc:  # a damaged pickle raises whatever its opcodes trip over
        raise damaged_file(path) from exc
    if not isinstance(found, dict):
        raise CheckpointError(
            f"'{path.name}' holds a {type(found).__name__}, not a dict of weights. "
            "Check that the model type and the file belong together."
        )
    state = entry(found, *names)
    try:
        return {
            name: one.numbers(storage(one.storage))
            for name, one in state.items()
            if isinstance(one, _Tensor)
        }
    except Exception as exc:  # nor have zipfile's errors a common class
        raise damaged_file(path) from exc


Content = tuple[object, Callable[[_Storage], bytes]]
"""What was pickled, and what reads the numbers of a storage."""


def _archive(content: bytes) -> Content:
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = {info.filename.partition("/")[2]: info for info in archive.infolist()}

    def read(name: str) -> bytes:
        if members[name].compress_type != zipfile.ZIP_STORED:
            raise ValueError("torch stores its members; this one is compressed")
        return archive.read(members[name])

    if members.get("byteorder") and read("byteorder") != b"little":
        raise ValueError("the numbers are big-endian")
    return _Unpickler(io.BytesIO(read("data.pkl"))).load(), lambda one: read(f"data/{one.key}")


def _legacy(content: bytes) -> Content:
    stream = io.BytesIO(content)
    magic, _protocol, system = (_Unpickler(stream).load() for _ in range(3))
    if magic != _LEGACY_MAGIC or not system["little_endian"]:
        raise ValueError("no file of torch.save, or big-endian")
    unpickler = _Unpickler(stream)
    found = unpickler.load()
    spans: dict[str, slice] = {}
    for key in _Unpickler(stream).load():
        count = int.from_bytes(stream.read(8), "little")
        size = count * np.dtype(unpickler.storages[key].dtype).itemsize
        start = stream.seek(0, io.SEEK_CUR)
        if start + size > len(content):
            raise ValueError("the file is shorter than its storages")
        spans[key] = slice(start, start + size)
        stream.seek(size, io.SEEK_CUR)
    return found, lambda one: content[spans[one.key]]


class _Unpickler(pickle.Unpickler):
    """Makes plain values and descriptions of tensors; refuses every other class and function."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        known: Mapping[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is neither a tensor nor a plain value")
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        """`pid`: "storage", its type, key, device and count; an older file says more."""
        _, dtype, key, _, count, *_ = pid
        return self.storages.setdefault(key, _Storage(key, dtype, count))


def _tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_: object) -> _Tensor:
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _parameter(tensor: _Tensor, *_: object) -> _Tensor:
    return tensor
