"""(h) Who speaks when: errors and time of the toolchain `diarize` without a recogniser.

Real weights: Silero's detector and Resemblyzer's encoder. DER (spy-der) counts every error: missed
speech, false alarms, the wrong speaker, overlaps too; "0.25 s" forgives that much around each
change of turns, as most published figures do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import cast

import spyder  # type: ignore[import-untyped]  # without stubs

from benchmarks.conversations import Conversation, mixed, telephone, voices
from benchmarks.figures import Line
from benchmarks.setup import Setup
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import DiarizeInput, DiarizeOutput, FloatArray
from predictors.runtime.registry import model_type_class
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings
from transformer.engine import ToolchainEngine
from transport.client.in_process import Endpoint, InProcessClient

_ENTRIES = (
    ModelConfig(name="vad", model="silero-vad", model_type="SileroVAD"),
    ModelConfig(
        name="encoder", model="package:resemblyzer/pretrained.pt", model_type="HarmonySpeechEncoder"
    ),
)
_AIM, _TIME_AIM = 10.0, 0.15
_PAUSES_S, _SHORT_PAUSES_S, _OVERLAPS_S = (0.1, 1.2), (0.0, 0.25), (-0.6, 0.4)
_MIXTURES = 4
"""Of each kind."""


def run(setup: Setup) -> Iterator[Line]:
    people = voices()
    with asyncio.Runner() as runner:
        pool, engine = runner.run(_loaded())
        heard_s = took_s = 0.0
        for case, limit, talks in _cases(people):
            began = time.perf_counter()
            found = [runner.run(_diarized(engine, one)) for one in talks]
            took_s += time.perf_counter() - began
            heard_s += sum(one.audio.duration_s for one in talks)
            yield from _errors(case, limit, talks, found)
        yield Line("time for a second of audio", "s", took_s / heard_s, limit=_TIME_AIM)
        runner.run(pool.aclose())


def _cases(
    people: Mapping[str, Sequence[FloatArray]],
) -> Iterator[tuple[str, float | None, list[Conversation]]]:
    groups = {count: list(combinations(sorted(people), count)) for count in (2, 3, 4, 5)}

    def talks(count: int, pauses_s: tuple[float, float]) -> list[Conversation]:
        chosen = groups[count][:: max(1, len(groups[count]) // _MIXTURES)][:_MIXTURES]
        return [
            mixed({n: people[n] for n in names}, seed=seed, turns=5 * count, pauses_s=pauses_s)
            for seed, names in enumerate(chosen)
        ]

    yield "two speakers, pauses", _AIM, talks(2, _PAUSES_S)
    yield "two speakers, hardly a pause", None, talks(2, _SHORT_PAUSES_S)
    yield "two speakers, overlaps", None, talks(2, _OVERLAPS_S)
    for count in (3, 4, 5):
        if groups[count]:
            yield f"{count} speakers, pauses", None, talks(count, _PAUSES_S)
    if talk := telephone():
        yield "a telephone call", None, [talk]


def _errors(
    case: str,
    limit: float | None,
    talks: Sequence[Conversation],
    found: Sequence[DiarizeOutput],
) -> Iterator[Line]:
    for collar_s, name, aim in ((0.0, case, limit), (0.25, f"{case}, 0.25 s", None)):
        rates = [_error_rate(*pair, collar_s) for pair in zip(talks, found, strict=True)]
        yield Line(f"DER: {name}", "%", sum(rates) / len(rates), limit=aim)
    right = sum(
        len({s.speaker for s in one.segments}) == len({t[0] for t in talk.turns})
        for talk, one in zip(talks, found, strict=True)
    )
    yield Line(f"speakers counted right: {case}", "%", 100 * right / len(talks))


def _error_rate(talk: Conversation, found: DiarizeOutput, collar_s: float) -> float:
    said = [(one.speaker, one.start_s, one.end_s) for one in found.segments]
    rates = spyder.DER(list(talk.turns), said, regions="all", collar=collar_s)
    return 100 * float(rates.der)


async def _diarized(engine: ToolchainEngine, talk: Conversation) -> DiarizeOutput:
    answer = await engine.submit(DiarizeInput(talk.audio), RequestContext())
    return cast(DiarizeOutput, answer)


async def _loaded() -> tuple[ModelRepository, ToolchainEngine]:
    pool = ModelRepository(Settings())
    endpoints: dict[str, Endpoint] = {}
    for one in _ENTRIES:
        endpoints[one.name] = pool.add(one, model_type_class(one.model_type))
        await endpoints[one.name].ensure_loaded()
    catalog = Catalog(ServiceConfig(model_configs=_ENTRIES))
    client = InProcessClient(endpoints)
    return pool, ToolchainEngine("diarize", client, lambda: catalog.current)
