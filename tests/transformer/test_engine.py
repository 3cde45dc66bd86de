"""The engine: deadlines, cancellation, and that the table and the functions agree."""

import asyncio
import time

import numpy as np
import pytest

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.errors import DeadlineExceeded
from contract.tasks import EmbedSpeakerInput
from contract.toolchains import TOOLCHAINS as SPECS
from transformer.engine import ToolchainEngine
from transformer.toolchains import TOOLCHAINS

CATALOG = Catalog(
    ServiceConfig(
        model_configs=(ModelConfig(name="enc", model="m", model_type="HarmonySpeechEncoder"),)
    )
)


class HangingClient:
    def __init__(self):
        self.was_cancelled = False

    async def call(self, model, request, context):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise

    async def wake(self, models, context):
        return None


@pytest.fixture
def request_():
    return EmbedSpeakerInput(audio=Audio(np.zeros(10, np.float32), 16000))


def test_every_listed_toolchain_serves_the_tasks_it_lists():
    assert {name: set(spec.needs) for name, spec in SPECS.items()} == {
        name: set(functions) for name, functions in TOOLCHAINS.items()
    }


async def test_a_passed_deadline_ends_the_request_and_its_step(request_):
    caller, context = HangingClient(), RequestContext(deadline_s=time.monotonic() + 0.05)
    engine = ToolchainEngine("harmonyspeech", caller, lambda: CATALOG.current)
    with pytest.raises(DeadlineExceeded):
        await engine.submit(request_, context)
    assert caller.was_cancelled
    assert context.trace.statuses == ["WAITING", "RUNNING", "FINISHED_ABORTED"]


async def test_cancelling_a_request_cancels_its_step(request_):
    caller, context = HangingClient(), RequestContext()
    engine = ToolchainEngine("harmonyspeech", caller, lambda: CATALOG.current)
    task = asyncio.create_task(engine.submit(request_, context))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caller.was_cancelled
    assert context.trace.statuses[-1] == "FINISHED_ABORTED"
