"""What every torch model type must do on the device, over small networks of the public layouts."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gpu_models import CUDA, TORCH_TYPES, on_cuda, serving, small_entry, used_bytes
from loaded_model import loaded
from model_requests import alike, arrays_in, difference, names_of, three_requests
from tiny_bert import write_bert

from contract.config import DeviceConfig, ModelConfig
from contract.context import RequestContext
from contract.tasks import AudioOutput
from predictors.runtime.direct import answers
from predictors.runtime.model import Model
from predictors.runtime.registry import missing_packages, model_type_class
from predictors.runtime.weights.store import WeightStore

pytestmark = pytest.mark.gpu
_WORKSPACE_BYTES = 40 << 20
"""What cuBLAS takes for itself, once for each stream, and keeps: 32 MiB on Hopper."""
ROUNDING = {"float32": 2e-2, "float16": 5e-2, "auto": 5e-2, "bfloat16": 0.3}


@pytest.fixture(params=TORCH_TYPES)
def entry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelConfig:
    if missing := missing_packages(request.param):
        pytest.skip(f"{request.param} needs {', '.join(missing)}")
    return small_entry(request.param, tmp_path)


def load(config: ModelConfig) -> Model[Any, Any]:
    return model_type_class(config.model_type).load(config, WeightStore().holder())


def on_cpu(config: ModelConfig) -> ModelConfig:
    return config.model_copy(update={"device_config": DeviceConfig(device="cpu")})


def test_weights_lie_on_the_device(entry: ModelConfig) -> None:
    before = used_bytes()
    model = load(entry)
    assert used_bytes() - before >= model.size_bytes > 0


def test_a_batch_answers_as_single_requests_do(entry: ModelConfig) -> None:
    model = load(entry)
    requests = three_requests(model.warm_up_request())
    singles = [answers(model, [request])[0] for request in requests]
    for one, single in zip(answers(model, requests), singles, strict=True):
        assert difference(one, single) < ROUNDING["float32"]


@pytest.mark.parametrize("dtype", ROUNDING)
def test_answers_are_those_of_the_cpu(entry: ModelConfig, dtype: str) -> None:
    ours = load(entry.model_copy(update={"dtype": dtype}))
    theirs = load(on_cpu(entry))
    for request in three_requests(theirs.warm_up_request())[:2]:
        (found,), (wanted,) = answers(ours, [request]), answers(theirs, [request])
        assert difference(found, wanted) < ROUNDING[dtype]


async def test_a_seeded_request_gives_the_same_bytes_in_any_company(entry: ModelConfig) -> None:
    async with serving(entry) as (runner,):
        request, *others = three_requests(load(entry).warm_up_request())
        if "seed" not in names_of(request):
            pytest.skip("has no seed")
        seeded = dataclasses.replace(request, seed=1961)
        alone = await runner.submit(seeded, RequestContext())
        for crowd in ([seeded, *others, request], [*others, seeded], [seeded, seeded]):
            found = await asyncio.gather(*(runner.submit(one, RequestContext()) for one in crowd))
            for one, answer in zip(crowd, found, strict=True):
                if one is seeded:
                    assert isinstance(answer, AudioOutput)
                    np.testing.assert_array_equal(answer.audio.samples, alone.audio.samples)


async def test_unloading_gives_the_memory_back(entry: ModelConfig) -> None:
    before = used_bytes()
    async with serving(entry) as (runner,):
        request = load(entry).warm_up_request()
        first = await runner.submit(request, RequestContext())
        assert await runner.put_to_sleep()
        left = used_bytes()
        assert left - before <= _WORKSPACE_BYTES
        again = await runner.submit(request, RequestContext())
        assert alike(again, first)
        assert await runner.put_to_sleep()
        assert used_bytes() <= left, "each unloading leaves something behind"


def test_melo_reads_bert_features_on_the_device(tmp_path: Path) -> None:
    bert = write_bert(tmp_path / "bert", dims=768)
    entry = small_entry("MeloTTSSynthesizer", tmp_path / "melo")
    with_bert = entry.model_copy(update={"options": {"bert": str(bert)}})
    request = load(entry).warm_up_request()
    ours, theirs, without = (
        answers(load(config), [request])[0] for config in (with_bert, on_cpu(with_bert), entry)
    )
    assert difference(ours, theirs) < ROUNDING["float32"]
    assert difference(ours, without) > ROUNDING["float32"]
    assert all(np.isfinite(array).all() for array in arrays_in(ours))


def test_a_device_that_is_not_there_is_refused_by_number(tmp_path: Path) -> None:
    entry = small_entry("VoiceFixerRestorer", tmp_path)
    number = torch.cuda.device_count()
    with pytest.raises(Exception, match=f"no device cuda:{number}"):
        load(on_cuda(entry, device_config=CUDA.model_copy(update={"device": f"cuda:{number}"})))


def test_auto_is_the_device(tmp_path: Path) -> None:
    before = used_bytes()
    root = small_entry("VoiceFixerRestorer", tmp_path).model
    kind = model_type_class("VoiceFixerRestorer")
    model = loaded(kind, root, device_config={"device": "auto"})
    assert used_bytes() - before >= model.size_bytes
