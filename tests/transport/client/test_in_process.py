"""Rooms in one process: the same answers and errors as over HTTP."""

import asyncio
import time

import numpy as np
import pytest

from contract.audio.codec import Audio
from contract.context import RequestContext
from contract.errors import DeadlineExceeded, ModelNotFound
from contract.tasks import AudioOutput, SynthesizeInput
from transport.client.in_process import InProcessClient

SPEECH = AudioOutput(Audio(np.zeros(10, np.float32), 16000))


class Speaker:
    def __init__(self, delay_s=0.0):
        self.is_loaded = False
        self.delay_s = delay_s
        self.was_cancelled = False

    async def submit(self, request, context):
        try:
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return SPEECH

    async def ensure_loaded(self):
        self.is_loaded = True


async def test_a_call_reaches_the_endpoint_of_that_name():
    client = InProcessClient({"tts": Speaker()})
    assert await client.call("tts", SynthesizeInput(text="x"), RequestContext()) is SPEECH


async def test_an_unknown_name_is_told():
    with pytest.raises(ModelNotFound, match="nobody"):
        await InProcessClient({}).call("nobody", SynthesizeInput(text="x"), RequestContext())


async def test_the_deadline_cancels_the_work():
    speaker = Speaker(delay_s=30)
    context = RequestContext(deadline_s=time.monotonic() + 0.02)
    with pytest.raises(DeadlineExceeded):
        await InProcessClient({"tts": speaker}).call("tts", SynthesizeInput(text="x"), context)
    assert speaker.was_cancelled


async def test_waking_returns_at_once_and_loads():
    speaker = Speaker()
    client = InProcessClient({"tts": speaker})
    assert not speaker.is_loaded
    await client.wake(["tts"], RequestContext())
    await asyncio.sleep(0.01)
    assert speaker.is_loaded
