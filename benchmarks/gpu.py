"""Models on a CUDA device: requests through the runtime against forward passes alone, and two
models at once against one after the other. For `make bench-gpu`; needs a CUDA device.

Weights are made up at the public sizes; 2 s of sound or one sentence a request. "Direct" is the
passes alone, over what was prepared before, with nothing else in the process at work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.checkpoints import written
from benchmarks.figures import Line, compared
from benchmarks.interleaved import Way, seconds, take_turns
from benchmarks.one_model import REQUESTS
from benchmarks.setup import Missing, Setup
from contract.config import DeviceConfig, ModelConfig
from contract.context import RequestContext
from contract.tasks import TaskInput
from predictors.runtime.model import Model, Unit
from predictors.runtime.registry import missing_packages, model_type_class
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings

MANY = 32
_PAIR = ("VoiceFixerRestorer", "HarmonySpeechEncoder")
"""Different tasks, networks and lengths of a pass."""
_GRAPHED = (
    *("OpenVoiceV2ToneConverter", "OpenVoiceV1Synthesizer", "MeloTTSSynthesizer"),
    "HarmonySpeechEncoder",
)
VARIANTS: Mapping[str, dict[str, Any]] = {
    "": {"dtype": "float32"},
    ", float16": {"dtype": "auto"},
    ", CUDA graphs": {"dtype": "float32", "cuda_graphs": True},
    ", float16 and CUDA graphs": {"dtype": "auto", "cuda_graphs": True},
}
_IN_A_ROW = 20
_PAUSE_S = 0.05


def entries_on_device(setup: Setup, *families: str) -> dict[str, ModelConfig]:
    """Entries for the device of these families, or of all, by model type."""
    size = "SMALL" if setup.device == "cpu" else "FULL"
    update = {"device_config": DeviceConfig(device=setup.device), "max_batch_size": MANY}
    found = written(setup.folder / "weights", *families, size=size)
    return {
        kind: entry.model_copy(update=update)
        for kind, entry in found.items()
        if not missing_packages(kind)
    }


def run(setup: Setup) -> Iterator[Line]:
    """Raises Missing where torch has no CUDA device."""
    yield from device_lines(setup)
    entries = entries_on_device(setup)
    with asyncio.Runner() as loop:
        for kind, entry in entries.items():
            for name, changes in _variants(kind).items():
                varied = entry.model_copy(update=changes)
                with _loaded(loop, {kind: varied}, setup.device) as models:
                    yield from _alone(models[kind], kind, name, setup.rounds)
        with _loaded(loop, {kind: entries[kind] for kind in _PAIR}, setup.device) as models:
            yield _together(models, loop, setup.rounds)


def _variants(kind: str) -> dict[str, dict[str, Any]]:
    """How an entry may be set, by name; only some model types can be captured as CUDA graphs."""
    if kind not in _GRAPHED:
        return {name: own for name, own in VARIANTS.items() if "cuda_graphs" not in own}
    return dict(VARIANTS)


def device_lines(setup: Setup) -> Iterator[Line]:
    """The device's own name, so that no figure goes without it."""
    if "torch" in missing_packages("VoiceFixerRestorer"):
        raise Missing("torch is not installed; install a CUDA build of it")
    import torch

    if setup.device == "cpu":
        yield Line(f"small networks on the CPU, torch {torch.__version__}, threads", "", 2)
        return
    if not torch.cuda.is_available():
        raise Missing("torch finds no CUDA device; run this where there is one")
    name, total = torch.cuda.get_device_name(), torch.cuda.get_device_properties(0).total_memory
    yield Line(f"{name}, torch {torch.__version__}, memory", "GiB", total / 2**30)


@dataclass(frozen=True, slots=True)
class _OnDevice:
    """A runner, and the same weights to be asked without it."""

    runner: ModelRunner
    model: Model[Any, Any]
    request: TaskInput[Any]
    loop: asyncio.Runner

    def ask(self, count: int) -> None:
        self.loop.run(self.asked(count))

    async def asked(self, count: int) -> None:
        calls = (self.runner.submit(self.request, RequestContext()) for _ in range(count))
        await asyncio.gather(*calls)

    def passes(self, count: int) -> Way:
        """The forward passes of `count` requests, as full as they may be."""
        units = [one for _ in range(count) for one in self.model.prepare(self.request).units]
        batches = list(_batches(self.model, units))

        def work() -> None:
            for batch in batches:
                self.model.run(batch)

        return seconds(work)


def _batches(model: Model[Any, Any], units: Sequence[Unit[Any]]) -> Iterator[list[Any]]:
    longest = max(unit.cost for unit in units)
    size = max(1, min(MANY, int(model.max_batch_cost // longest)))
    for first in range(0, len(units), size):
        yield [unit.work for unit in units[first : first + size]]


class _loaded:
    """Models of one repository, ready and warm; unloaded at the end."""

    def __init__(
        self, loop: asyncio.Runner, entries: Mapping[str, ModelConfig], device: str
    ) -> None:
        self._loop, self._entries, self._device = loop, entries, device
        self._pool = ModelRepository(Settings())

    def __enter__(self) -> dict[str, _OnDevice]:
        return {kind: self._ready(kind, entry) for kind, entry in self._entries.items()}

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._pool.aclose())

    def _ready(self, kind: str, entry: ModelConfig) -> _OnDevice:
        model_type = model_type_class(kind)
        runner = self._pool.add(entry, model_type)
        self._loop.run(runner.ensure_loaded())
        model = model_type.load(entry, self._pool.weights.holder())
        # Small networks hear no embedding of the public sizes.
        request = model.warm_up_request() if self._device == "cpu" else REQUESTS[kind]()
        ready = _OnDevice(runner, model, request, self._loop)
        for count in (1, MANY, 1, MANY):  # the first call of a size plans its memory
            ready.ask(count)
            ready.passes(count)()
        return ready


def _alone(found: _OnDevice, kind: str, variant: str, rounds: int) -> Iterator[Line]:
    for count, case in ((1, "1 request"), (MANY, f"{MANY} at once")):
        ways = {
            "ours": seconds(lambda count=count: found.ask(count)),  # type: ignore[misc]
            "passes": found.passes(count),
        }
        figures = take_turns(ways, rounds, pause_s=_PAUSE_S)
        yield compared(
            f"{kind}{variant}, {case}", "ms", figures["ours"], figures["passes"], scale=1000
        )


def _together(models: Mapping[str, _OnDevice], loop: asyncio.Runner, rounds: int) -> Line:
    """Both models work off their requests, one by one, at once or one model after the other."""

    async def work(model: _OnDevice) -> None:
        for _ in range(_IN_A_ROW):
            await model.asked(1)

    async def at_once() -> None:
        await asyncio.gather(*map(work, models.values()))

    async def in_a_row() -> None:
        for model in models.values():
            await work(model)

    ways = {
        "at_once": seconds(lambda: loop.run(at_once())),
        "in_a_row": seconds(lambda: loop.run(in_a_row())),
    }
    found = take_turns(ways, rounds, pause_s=_PAUSE_S)
    case = f"{' and '.join(models)}, {_IN_A_ROW} requests each, at once against in a row"
    return compared(case, "ms", found["at_once"], found["in_a_row"], scale=1000)
