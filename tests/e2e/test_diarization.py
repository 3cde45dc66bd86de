"""Who speaks when, with real weights: Silero's detector, Resemblyzer's encoder, two real voices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from clips import jfk
from conversations import KENNEDY, RATE, agreement, conversation, joe

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import DiarizeInput
from predictors.runtime.registry import on_first_use
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings
from predictors.runtime.weights.source import WeightsMissing, resolve
from transformer.engine import ToolchainEngine
from transport.client.in_process import InProcessClient

pytestmark = pytest.mark.weights
ENCODER = "package:resemblyzer/pretrained.pt"
ENTRIES = (
    ModelConfig(name="vad", model="silero-vad", model_type="SileroVAD"),
    ModelConfig(name="encoder", model=ENCODER, model_type="HarmonySpeechEncoder"),
)


@pytest.fixture
async def toolchain() -> AsyncIterator[ToolchainEngine]:
    try:
        resolve(ENCODER)
    except WeightsMissing as absent:
        pytest.skip(absent.message)
    pool = ModelRepository(Settings())
    client = InProcessClient({e.name: pool.add(e, on_first_use(e.model_type)) for e in ENTRIES})
    catalog = Catalog(ServiceConfig(model_configs=ENTRIES))
    yield ToolchainEngine("diarize", client, lambda: catalog.current)
    await pool.aclose()


async def test_two_people_in_turns_are_told_apart(toolchain: ToolchainEngine):
    audio, truth = conversation()
    answer = await toolchain.submit(DiarizeInput(audio), RequestContext())
    assert {one.speaker for one in answer.segments} == {"A", "B"}
    assert agreement(truth, answer.segments) > 0.9


async def test_known_speakers_are_called_by_name(toolchain: ToolchainEngine):
    audio, truth = conversation()
    references = (
        Audio(joe("My name is Joe, and I come from a small town by the lake.")[0], RATE),
        Audio(jfk(RATE)[round(KENNEDY[2][0] * RATE) : round(10.6 * RATE)], RATE),
    )
    asked = DiarizeInput(audio, ("joe", "kennedy"), references)
    answer = await toolchain.submit(asked, RequestContext())
    assert {one.speaker for one in answer.segments} == {"joe", "kennedy"}
    assert agreement(truth, answer.segments) > 0.9
    assert answer.segments[0].speaker == "kennedy"


async def test_one_person_is_one_speaker(toolchain: ToolchainEngine):
    answer = await toolchain.submit(DiarizeInput(Audio(jfk(RATE), RATE)), RequestContext())
    assert {one.speaker for one in answer.segments} == {"A"}


async def test_noise_is_nobody(toolchain: ToolchainEngine):
    noise = np.random.default_rng(0).normal(0, 0.02, 5 * RATE).astype(np.float32)
    answer = await toolchain.submit(DiarizeInput(Audio(noise, RATE)), RequestContext())
    assert answer.segments == ()
