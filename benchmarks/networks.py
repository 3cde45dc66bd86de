"""(f) Every model type alone: seconds of work for a second of sound, one by one and in batches.

Weights are made up at the public sizes, except for Whisper tiny, Silero, Piper and DeepFilterNet,
which have their real ones. The steps of one model are in benchmarks/one_model.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import material
from benchmarks.checkpoints import real, written
from benchmarks.figures import Line, median
from benchmarks.one_model import BATCH
from benchmarks.setup import Setup
from contract.config import ModelConfig

_START = ("import", "load", "warm-up")
"""What a process does before a model is ready, beside the server around it."""


def run(setup: Setup) -> Iterator[Line]:
    for model_type, entry in (real() | written(setup.folder / "weights")).items():
        yield from _lines(model_type, _measured_alone(entry, setup.rounds))


def _lines(model_type: str, found: Mapping[str, Any]) -> Iterator[Line]:
    one, eight = found["one"], found["eight"]
    ratio = median(together / alone for together, alone in zip(eight, one, strict=True))
    yield Line(f"{model_type}, 1 request", "s/s", median(one))
    yield Line(f"{model_type}, {BATCH} in a batch", "s/s", median(eight), None, ratio)
    for case, name in (("1 request", "one"), (f"{BATCH} in a batch", "eight")):
        yield Line(f"{model_type}, {case}, processor time", "s/s", found["cpu"][name])
    for step, seconds in zip(_START, found["start_s"], strict=True):
        yield Line(f"{model_type}, {step}", "s", seconds)
    yield Line(f"{model_type}, weights", "MB", found["weights_mb"])
    yield Line(f"{model_type}, process once loaded", "MB", found["loaded_mb"])
    yield Line(f"{model_type}, process at its peak", "MB", found["peak_mb"])


def _measured_alone(entry: ModelConfig, rounds: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.one_model", str(rounds)]
    answer = subprocess.run(
        command, cwd=material.ROOT, input=entry.model_dump_json(), text=True, stdout=-1, check=True
    )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found
