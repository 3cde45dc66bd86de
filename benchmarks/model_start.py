"""What a process does before a model is ready, against the import of its libraries and the reading
of its weights alone. Each figure is a process of its own; the first of each is not counted.

The second ratio has the library build the published model beside it, as a program of a few lines
would: laying out weights and optimizing a graph are the library's work. It has no limit.
`first` is a start that finds no optimized graph in the cache, and keeps one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks import material
from benchmarks.checkpoints import real, written
from benchmarks.figures import Line, compared, median
from benchmarks.interleaved import take_turns
from benchmarks.setup import Setup
from contract.config import ModelConfig
from predictors.nn.speech_activity.shipped import shipped_network
from predictors.runtime.direct import warm_up
from predictors.runtime.openmp import set_openmp_passive
from predictors.runtime.registry import MODEL_TYPES, model_type_class
from predictors.runtime.weights.source import cache_directory, resolve
from predictors.runtime.weights.store import WeightStore

_MOST = 1.2
Steps = Mapping[str, float]
"""Seconds of each."""


_KEEPS_GRAPHS = ("PiperSynthesizer", "KokoroSynthesizer")


def run(setup: Setup) -> Iterator[Line]:
    kokoro = {"KokoroSynthesizer": ModelConfig.model_validate(material.entry("kokoro"))}
    made_by_a_rule = written(setup.folder / "weights")
    for model_type, entry in (real() | kokoro | made_by_a_rule).items():
        ways = {way: _process(way, entry) for way in ("ours", "direct")}
        if model_type not in made_by_a_rule:
            ways["built"] = _process("built", entry)
        if model_type in _KEEPS_GRAPHS:
            ways["first"] = _without_cache(entry)
        found = take_turns(ways, setup.rounds + 1)
        for step in found["first"][0] if "first" in found else ():
            values = [one[step] for one in found["first"][1:]]
            yield Line(f"{model_type}: {step}, first start", "s", median(values))
        ours, direct = found["ours"][1:], found["direct"][1:]
        for step in ours[0]:
            theirs = median(one[step] for one in direct) if step in direct[0] else None
            yield Line(f"{model_type}: {step}", "s", median(one[step] for one in ours), theirs)
        yield compared(f"{model_type}: all", "s", *map(_wholes, (ours, direct)), limit=_MOST)
        if "built" in found:
            built = found["built"][1:]
            name = f"{model_type}: all, against the library with its model built"
            yield compared(name, "s", *map(_wholes, (ours, built)))


def _wholes(side: Sequence[Steps]) -> list[float]:
    return [sum(one.values()) for one in side]


def _without_cache(entry: ModelConfig) -> Callable[[], Steps]:
    """A start whose cache has what `harmony fetch-kokoro` brings, and no more."""

    def measure() -> Steps:
        with tempfile.TemporaryDirectory() as cache:
            fetched = cache_directory() / "kokoro"
            if fetched.exists():
                Path(cache, "kokoro").symlink_to(fetched.absolute())
            return _process("ours", entry, {"SPEECH_CACHE": cache})()

    return measure


def _process(
    way: str, entry: ModelConfig, environment: Mapping[str, str] | None = None
) -> Callable[[], Steps]:
    def measure() -> Steps:
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.model_start", way],
            cwd=material.ROOT,
            env=os.environ | (environment or {}),
            input=entry.model_dump_json(),
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
        steps: Steps = json.loads(ended.stdout.splitlines()[-1])
        return steps

    return measure


def _ours(entry: ModelConfig) -> Steps:
    clock = _Clock()
    kind = model_type_class(entry.model_type)
    clock.note("import")
    model = kind.load(entry, WeightStore().holder())
    clock.note("weights")
    warm_up(model)
    return clock.note("warm-up")


def _direct(entry: ModelConfig) -> Steps:
    clock = _Clock()
    for package in MODEL_TYPES[entry.model_type].packages:
        import_module(package)
    clock.note("import")
    for file in _files(entry):
        file.read_bytes()
    return clock.note("weights")


def _built(entry: ModelConfig) -> Steps:
    """As `_direct`, and the library's own model of the published files on top."""
    steps = _direct(entry)
    clock = _Clock()
    if "faster_whisper" in MODEL_TYPES[entry.model_type].packages:
        model = import_module("faster_whisper").WhisperModel
        model(str(resolve(entry.model)), device="cpu", compute_type="int8")
    else:
        session = import_module("onnxruntime").InferenceSession
        for graph in _graphs(entry):
            session(graph, providers=["CPUExecutionProvider"])
    return steps | clock.note("model")


def _graphs(entry: ModelConfig) -> Iterator[bytes]:
    for file in _files(entry):
        if file.suffix == ".onnx":
            yield file.read_bytes()
        elif tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                for name in archive.getnames():
                    member = archive.extractfile(name) if name.endswith(".onnx") else None
                    if member is not None:
                        yield member.read()


def _files(entry: ModelConfig) -> list[Path]:
    """Of the weights; a family's folder is read whole."""
    is_shipped = entry.model_type == "SileroVAD"
    place = shipped_network() if is_shipped else resolve(entry.model)
    return [one for one in (place, *place.rglob("*")) if one.is_file()]


class _Clock:
    """Seconds of step after step."""

    def __init__(self) -> None:
        self._steps: dict[str, float] = {}
        self._since_s = time.perf_counter()

    def note(self, step: str) -> Steps:
        now_s = time.perf_counter()
        self._steps[step], self._since_s = now_s - self._since_s, now_s
        return self._steps


if __name__ == "__main__":
    set_openmp_passive()  # as our servers do, before a model library is imported
    given = ModelConfig.model_validate_json(sys.stdin.read())
    print(json.dumps({"ours": _ours, "direct": _direct, "built": _built}[sys.argv[1]](given)))
