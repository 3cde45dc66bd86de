"""Passes captured as CUDA graphs answer as those that are launched kernel by kernel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import torch
from gpu_models import serving, small_entry, used_bytes
from model_requests import difference, three_requests

from contract.config import ModelConfig
from contract.context import RequestContext
from predictors.nn.cuda_graphs import Captured
from predictors.runtime.direct import answers
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore

pytestmark = pytest.mark.gpu
TYPES = (
    *("OpenVoiceV1ToneConverter", "OpenVoiceV2ToneConverter", "HarmonySpeechEncoder"),
    *("OpenVoiceV1Synthesizer", "MeloTTSSynthesizer"),
)
SAME = 1e-2
_ROUNDS = 3  # launched, captured, replayed


@pytest.fixture(params=TYPES)
def entry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelConfig:
    return small_entry(request.param, tmp_path)


def with_graphs(entry: ModelConfig) -> ModelConfig:
    return entry.model_copy(update={"cuda_graphs": True})


def load(config: ModelConfig) -> Any:
    return model_type_class(config.model_type).load(config, WeightStore().holder())


def captured(model: Any) -> list[Captured]:
    holders = [getattr(model, name, None) for name in ("converter", "synthesizer", "encoder")]
    networks = [getattr(one, "network", None) for one in holders]
    modules = [getattr(one, "module", one) for one in networks]
    parts = [vars(one) for one in modules if isinstance(one, torch.nn.Module)]
    return [part for own in parts for part in own.values() if isinstance(part, Captured)]


def test_captured_passes_answer_as_launched_ones(entry: ModelConfig) -> None:
    plain, graphs = load(entry), load(with_graphs(entry))
    requests = three_requests(plain.warm_up_request())
    wanted = [answers(plain, [request])[0] for request in requests]
    for _ in range(_ROUNDS):
        for request, one in zip(requests, wanted, strict=True):
            assert difference(answers(graphs, [request])[0], one) < SAME
    for _ in range(_ROUNDS):
        for found, one in zip(answers(graphs, requests), wanted, strict=True):
            assert difference(found, one) < SAME
    parts = captured(graphs)
    assert parts
    assert all(part.is_enabled and part.graphs > 0 for part in parts)


async def test_models_capture_while_others_run(tmp_path: Path) -> None:
    entries = [with_graphs(small_entry(kind, tmp_path / kind)) for kind in TYPES]
    async with serving(*entries) as runners:
        requests = [three_requests(load(entry).warm_up_request()) for entry in entries]
        calls = [
            (runner, request)
            for runner, own in zip(runners, requests, strict=True)
            for request in own * _ROUNDS
        ]
        found = await asyncio.gather(
            *(runner.submit(request, RequestContext()) for runner, request in calls)
        )
        alone = [await runner.submit(request, RequestContext()) for runner, request in calls]
    for one, wanted in zip(found, alone, strict=True):
        assert difference(one, wanted) < SAME


async def test_graphs_give_their_memory_back(entry: ModelConfig) -> None:
    before = used_bytes()
    async with serving(with_graphs(entry)) as (runner,):
        request = load(entry).warm_up_request()
        for _ in range(_ROUNDS):
            await runner.submit(request, RequestContext())
        assert await runner.put_to_sleep()
        assert used_bytes() - before <= 40 << 20, "more than cuBLAS's workspace is left"
