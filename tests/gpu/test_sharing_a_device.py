"""Several models and too little memory: what the runtime makes of one device."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gpu_models import on_cuda, serving, small_entry, used_bytes
from model_requests import difference, recording
from synthetic_checkpoints import FULL
from synthetic_voicefixer import write_restorer, write_vocoder

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.context import RequestContext
from contract.errors import ModelFailed
from contract.tasks import AudioOutput, FloatArray, RestoreInput, VocodeInput
from predictors.models.voicefixer.model import VoiceFixerRestorer, VoiceFixerVocoder
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings

pytestmark = pytest.mark.gpu
SAME = 1e-2
_MEETING_S = 60


class Meeting:
    """Where two models meet inside a pass: each waits in `run` until the other has come."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2)
        self.threads: set[str] = set()
        self.streams: set[int] = set()

    def attend(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.streams.add(torch.cuda.current_stream().cuda_stream)
        self.barrier.wait(_MEETING_S)


def meeting_at(place: Meeting) -> tuple[type[VoiceFixerRestorer], type[VoiceFixerVocoder]]:
    """The two model types of VoiceFixer, whose passes begin only together; not their warm-up."""

    class Restorer(VoiceFixerRestorer):
        def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
            if len(batch[0]) > len(self.warm_up_request().audio.samples):
                place.attend()
            return super().run(batch)

    class Vocoder(VoiceFixerVocoder):
        def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
            if batch[0].shape[1] > self.warm_up_request().mel.shape[1]:
                place.attend()
            return super().run(batch)

    return Restorer, Vocoder


def clip() -> RestoreInput:
    return RestoreInput(Audio(recording().samples[: 2 * 44_100], 44_100))


def mel(frames: int) -> VocodeInput:
    return VocodeInput(np.random.default_rng(7).uniform(0, 1, (128, frames)).astype(np.float32))


async def asked(runner: ModelRunner, request: Any) -> Any:
    return await runner.submit(request, RequestContext())


async def test_two_models_run_at_once_each_in_a_stream_of_its_own(tmp_path: Path) -> None:
    entries = [
        small_entry(kind.__name__, tmp_path) for kind in (VoiceFixerRestorer, VoiceFixerVocoder)
    ]
    requests = (clip(), mel(150))
    async with serving(*entries) as runners:
        alone = [await asked(*pair) for pair in zip(runners, requests, strict=True)]
    place, pool = Meeting(), ModelRepository(Settings())
    pairs = zip(entries, meeting_at(place), strict=True)
    runners = [pool.add(entry, kind) for entry, kind in pairs]
    try:
        for _ in range(5):
            found = await asyncio.gather(*map(asked, runners, requests))
            for one, wanted in zip(found, alone, strict=True):
                assert difference(one, wanted) < SAME
    finally:
        await pool.aclose()
    assert len(place.threads) == 2
    assert len(place.streams) == 2
    assert torch.cuda.default_stream().cuda_stream not in place.streams


async def test_two_models_under_load_answer_as_alone(tmp_path: Path) -> None:
    write_restorer(tmp_path, size=FULL)
    write_vocoder(tmp_path, size=FULL)
    entries = [full_entry(name, tmp_path) for name in ("VoiceFixerRestorer", "VoiceFixerVocoder")]
    requests = (clip(), mel(150))
    async with serving(*entries) as runners:
        alone = [await asked(*pair) for pair in zip(runners, requests, strict=True)]
        pairs = list(zip(runners, requests, strict=True)) * 20
        found = await asyncio.gather(*(asked(*pair) for pair in pairs))
    for number, one in enumerate(found):
        assert difference(one, alone[number % 2]) < SAME


# Too little memory ----------------------------------------------------------------------------


def full_entry(model_type: str, folder: Path) -> ModelConfig:
    entry = ModelConfig(name=model_type.lower(), model=str(folder), model_type=model_type)
    return on_cuda(entry, dtype="float32")


@pytest.fixture
def vocoder(tmp_path: Path) -> ModelConfig:
    write_vocoder(tmp_path, size=FULL)
    return full_entry("VoiceFixerVocoder", tmp_path)


@pytest.fixture(autouse=True)
def _fraction() -> Iterator[None]:
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


def allow(size_bytes: int) -> None:
    """All that torch may take of the device from now on."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(size_bytes / total)


async def test_a_batch_that_does_not_fit_is_halved_and_answered(vocoder: ModelConfig) -> None:
    async with serving(vocoder) as (runner,):
        before = used_bytes()
        torch.cuda.reset_peak_memory_stats()
        alone = await asked(runner, mel(300))
        one_pass = torch.cuda.max_memory_allocated() - before
        allow(before + 3 * one_pass)
        found = await asyncio.gather(*(asked(runner, mel(300)) for _ in range(8)))
        assert runner.batch_limit < vocoder.max_batch_size
    for one in found:
        assert isinstance(one, AudioOutput)
        assert difference(one, alone) < SAME


async def test_a_request_that_never_fits_is_refused_and_the_next_is_answered(
    vocoder: ModelConfig,
) -> None:
    async with serving(vocoder) as (runner,):
        alone = await asked(runner, mel(20))
        allow(used_bytes() + (128 << 20))
        with pytest.raises(ModelFailed, match="send a shorter one"):
            await asked(runner, mel(3000))
        assert difference(await asked(runner, mel(20)), alone) < SAME
        assert runner.is_ready


async def test_unloading_gives_pinned_memory_back(vocoder: ModelConfig) -> None:
    if not hasattr(torch.accelerator, "empty_host_cache"):
        pytest.skip("this torch keeps its pinned memory")
    async with serving(vocoder) as (runner,):
        await asked(runner, mel(300))
        held = torch.cuda.host_memory_stats()["allocated_bytes.current"]
        assert held > 0
        await runner.put_to_sleep()
        assert torch.cuda.host_memory_stats()["allocated_bytes.current"] < held


async def test_a_model_makes_room_for_another_and_comes_back(tmp_path: Path) -> None:
    """A budget that holds one of two networks of full size."""
    write_restorer(tmp_path, size=FULL)
    write_vocoder(tmp_path, size=FULL)
    pool = ModelRepository(Settings(), memory_budget_mb=330)
    kinds = (VoiceFixerRestorer, VoiceFixerVocoder)
    runners = [pool.add(full_entry(kind.__name__, tmp_path), kind) for kind in kinds]
    requests, before = (clip(), mel(150)), used_bytes()
    try:
        first = [await asked(*pair) for pair in zip(runners, requests, strict=True)]
        again = [await asked(*pair) for pair in zip(runners, requests, strict=True)]
        assert [runner.is_loaded for runner in runners] == [False, True]
        assert used_bytes() - before < 250 << 20, "the restorer's weights are still there"
    finally:
        await pool.aclose()
    for one, wanted in zip(again, first, strict=True):
        assert difference(one, wanted) < SAME
