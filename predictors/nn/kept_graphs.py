"""Graphs as ONNX Runtime has optimized them, kept below the cache's directory for the next start
(docs/decisions/0023-kept-graphs.md).

An entry is a directory with the graph, its weights as they lie in memory, which sessions map, and
an index with the checksums of both. It is made under another name and renamed when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from predictors.nn.onnx import OnnxModel, Provider, session_options
from predictors.runtime.weights.parts import cache_directory

logger = logging.getLogger(__name__)
_GRAPH, _WEIGHTS, _INDEX = "graph.onnx", "weights.bin", "index.json"
_FORMAT = 1
"""Of an entry."""
_LARGE_BYTES = 4096
"""Smaller weights stay in the graph."""
_SMALLEST_SOURCE = 4 << 20
"""Below, optimizing takes less than 20 ms of a processor."""
_MOST_ENTRIES, _MOST_BYTES = 16, 4 << 30
_IN_USE_S, _ABANDONED_S = 60.0, 3600.0
"""An entry read within the first is not removed; work older than the second is a dead process's."""
_MAKING = ".making-"


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A change to published graphs."""

    name: str
    """With its version: what other versions have kept is not read."""
    apply: Callable[[Path], Path | bytes]
    """The changed graph. Raises ModelFailed."""
    shares_weights: bool = False
    """Whether several sessions are made of a graph."""


AS_PUBLISHED = Rewriting("as published", lambda path: path)


@dataclass(frozen=True, slots=True)
class Graph:
    """What sessions are made of."""

    model: Path | bytes
    weights: Mapping[str, onnxruntime.OrtValue] = field(default_factory=dict)
    """The large ones, by initializer's name, for several sessions to share."""
    providers: Sequence[Provider] = ("CPUExecutionProvider",)
    is_optimized: bool = False

    def load(self, *, threads: int) -> OnnxModel:
        """Raises ModelFailed when the graph cannot be run."""
        return OnnxModel(
            self.model,
            threads=threads,
            providers=self.providers,
            weights=self.weights,
            is_optimized=self.is_optimized,
        )


def kept_graph(source: Path, rewriting: Rewriting, providers: Sequence[Provider]) -> Graph:
    """The rewritten graph of a file, optimized for this processor, from the cache or made now.

    A small one, one for another device, and one where the cache cannot be written, which a log
    line says once, is not optimized yet. Blocking. Raises ModelFailed when the file cannot be
    rewritten.
    """
    is_small = source.stat().st_size < _SMALLEST_SOURCE
    if is_small or tuple(providers) != ("CPUExecutionProvider",):
        return _unkept(rewriting.apply(source), rewriting, providers)
    place = cache_directory() / "graphs" / _key(source, rewriting)
    try:
        return _read(place, rewriting.shares_weights)
    except (OSError, ValueError, KeyError, TypeError):  # none there, or a damaged one
        pass
    model = rewriting.apply(source)
    try:
        _keep(model, place, shares_weights=rewriting.shares_weights)
        return _read(place, rewriting.shares_weights)
    except Exception as exc:  # ONNX Runtime's errors have no common class
        _warn(f"{place.parent} ({type(exc).__name__})")
        return _unkept(model, rewriting, providers)


def _unkept(model: Path | bytes, rewriting: Rewriting, providers: Sequence[Provider]) -> Graph:
    return Graph(model, _large_weights(model) if rewriting.shares_weights else {}, providers)


def _key(source: Path, rewriting: Rewriting) -> str:
    """Of everything that the entry depends on. Optimized graphs are a processor's own."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    parts = (_FORMAT, onnxruntime.__version__, rewriting.name, *_processor())
    digest.update("\0".join(map(str, parts)).encode())
    return digest.hexdigest()[:32]


@cache
def _processor() -> tuple[str, ...]:
    """The architecture and, where Linux tells them, the instructions."""
    machine = platform.machine(), platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return machine
    named = (line for line in lines if line.startswith(("flags", "Features")))
    return (*machine, next(named, ""))


# Reading ----------------------------------------------------------------------------------------


def _read(place: Path, shares_weights: bool) -> Graph:
    """Raises OSError, ValueError, KeyError or TypeError when there is no whole entry."""
    index = json.loads((place / _INDEX).read_text(encoding="utf-8"))
    for name, checksum in index["files"].items():
        if _checksum(place / name) != checksum:
            raise ValueError(name)
    with suppress(OSError):
        os.utime(place)  # used now: the others are removed before it
    weights = _mapped(place / _WEIGHTS, index["weights"]) if shares_weights else {}
    return Graph(place / _GRAPH, weights, is_optimized=True)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mapped(path: Path, places: Mapping[str, Any]) -> dict[str, onnxruntime.OrtValue]:
    if not places:
        return {}
    content = np.memmap(path, mode="r")
    return {
        name: onnxruntime.OrtValue.ortvalue_from_numpy(
            np.ndarray(shape, np.dtype(dtype), content, offset)
        )
        for name, (dtype, shape, offset) in places.items()
    }


# Making -----------------------------------------------------------------------------------------


def _keep(model: Path | bytes, place: Path, *, shares_weights: bool) -> None:
    """Raises OSError, or what ONNX Runtime raises."""
    place.parent.mkdir(parents=True, exist_ok=True)
    _make_room(place.parent)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=_MAKING) as work:
        made = Path(work) / "made"
        made.mkdir()
        _optimize(model, made)
        names = [name for name in (_GRAPH, _WEIGHTS) if (made / name).exists()]
        index = {
            "files": {name: _checksum(made / name) for name in names},
            "weights": _places(made / _GRAPH) if shares_weights else {},
        }
        (made / _INDEX).write_text(json.dumps(index), encoding="utf-8")
        # A disk that ran full leaves files that no session can be made of.
        _session(made / _GRAPH, session_options(1, is_optimized=True))
        if place.exists():
            place.rename(Path(work) / "damaged")
        with suppress(OSError):  # a directory cannot replace a filled one: others were faster
            made.rename(place)


def _optimize(model: Path | bytes, folder: Path) -> None:
    options = session_options(1)
    options.optimized_model_filepath = str(folder / _GRAPH)
    prefix = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(f"{prefix}file_name", _WEIGHTS)
    options.add_session_config_entry(f"{prefix}min_size_in_bytes", str(_LARGE_BYTES))
    _session(model, options)


def _session(model: Path | bytes, options: onnxruntime.SessionOptions) -> None:
    source = str(model) if isinstance(model, Path) else model
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _places(graph: Path) -> dict[str, tuple[str, list[int], int]]:
    """Type, shape and offset of each weight that is not in the graph itself, by name."""
    import onnx  # 0.1 s, which a start that finds its graph does without

    model = onnx.load(str(graph), load_external_data=False)
    found: dict[str, tuple[str, list[int], int]] = {}
    for one in model.graph.initializer:
        if one.data_location == onnx.TensorProto.EXTERNAL:
            place = {entry.key: entry.value for entry in one.external_data}
            dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(one.data_type))
            found[one.name] = dtype.str, list(one.dims), int(place.get("offset", 0))
    return found


def _large_weights(model: Path | bytes) -> dict[str, onnxruntime.OrtValue]:
    import onnx

    read = onnx.load(str(model)) if isinstance(model, Path) else onnx.load_from_string(model)
    return {
        one.name: onnxruntime.OrtValue.ortvalue_from_numpy(onnx.numpy_helper.to_array(one))
        for one in read.graph.initializer
        if len(one.raw_data) >= _LARGE_BYTES
    }


# Bounds -----------------------------------------------------------------------------------------


def _make_room(folder: Path) -> None:
    """Remove what was used longest ago until one more fits, and what dead processes left."""
    now_s, kept, size = time.time(), 1, 0
    entries = [(one.stat().st_mtime, one) for one in folder.iterdir() if one.is_dir()]
    for used_s, entry in sorted(entries, reverse=True):
        if entry.name.startswith(_MAKING):
            if now_s - used_s > _ABANDONED_S:
                shutil.rmtree(entry, ignore_errors=True)
            continue
        kept, size = kept + 1, size + sum(file.stat().st_size for file in entry.iterdir())
        is_too_much = kept > _MOST_ENTRIES or size > _MOST_BYTES
        if is_too_much and now_s - used_s > _IN_USE_S:
            shutil.rmtree(entry, ignore_errors=True)


@cache
def _warn(place: str) -> None:
    """Once for each."""
    logger.warning(
        "optimized graphs cannot be kept in %s, so every start optimizes them anew; make room, "
        "or point SPEECH_CACHE at a directory that can be written",
        place,
    )
