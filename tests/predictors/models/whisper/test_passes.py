"""Chunks of many requests on their way through the network: who shares a pass, who goes first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from clips import jfk

from contract.audio.codec import Audio
from contract.config import ModelConfig, load_config
from contract.context import Priority, RequestContext
from contract.tasks import TranscribeInput, TranscribeOutput
from predictors.models.whisper.model import FasterWhisper
from predictors.models.whisper.passes import ChunkWork, Heard
from predictors.runtime.model import More
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings

pytestmark = pytest.mark.weights
RATE = 16_000
CHUNKS = 12
CHUNKS_A_PASS = 2
CLIP_S = 2.5


class WatchedWhisper(FasterWhisper):
    """Notes its passes; from the second one on each waits until the test lets it go."""

    passes: list[list[Heard | More]]
    begun: threading.Semaphore
    may_run: threading.Semaphore

    def run(self, batch: Sequence[ChunkWork]) -> list[Heard | More]:
        self.begun.release()
        assert self.may_run.acquire(timeout=60)
        results = super().run(batch)
        self.passes.append(results)
        return results


def sentence() -> np.ndarray:
    return jfk(RATE)[: round(CLIP_S * RATE)]


def long_recording() -> TranscribeInput:
    """Twelve chunks with pauses between them."""
    pause = np.zeros(2 * RATE, np.float32)
    return TranscribeInput(Audio(np.concatenate([sentence(), pause] * CHUNKS), RATE))


@pytest.fixture
async def runner() -> AsyncIterator[ModelRunner]:
    entries = load_config(Path(__file__).parents[4] / "config.yml").model_configs
    entry = next(one for one in entries if one.name == "whisper-tiny-en")
    config = ModelConfig(**entry.model_dump() | {"max_batch_size": CHUNKS_A_PASS})
    WatchedWhisper.passes = []
    WatchedWhisper.begun = threading.Semaphore(0)
    WatchedWhisper.may_run = threading.Semaphore(1)  # the warm-up
    repository = ModelRepository(Settings())
    runner = repository.add(config, WatchedWhisper)
    await runner.ensure_loaded()
    WatchedWhisper.passes.clear()
    assert WatchedWhisper.begun.acquire(timeout=60)
    yield runner
    for _ in range(4 * CHUNKS):
        WatchedWhisper.may_run.release()
    await repository.aclose()


async def pass_begins() -> None:
    assert await asyncio.to_thread(WatchedWhisper.begun.acquire, timeout=60)


def let_one_pass_go() -> None:
    WatchedWhisper.may_run.release()


def let_all_go() -> None:
    for _ in range(2 * CHUNKS):
        let_one_pass_go()


async def waiting(runner: ModelRunner, requests: int) -> None:
    async with asyncio.timeout(60):
        while runner.queue_depth < requests:  # noqa: ASYNC110  # what another thread changes
            await asyncio.sleep(0.01)


def ask(
    runner: ModelRunner, request: TranscribeInput, priority: Priority
) -> asyncio.Task[TranscribeOutput]:
    return asyncio.create_task(runner.submit(request, RequestContext(priority=priority)))


async def test_a_person_overtakes_a_long_recording_between_passes(runner: ModelRunner):
    long = ask(runner, long_recording(), Priority.BATCH)
    await pass_begins()
    short = ask(runner, TranscribeInput(Audio(sentence(), RATE)), Priority.INTERACTIVE)
    await waiting(runner, 2)
    let_one_pass_go()
    let_one_pass_go()
    answer = await asyncio.wait_for(short, 60)
    assert "fellow" in answer.text
    assert [len(one) for one in WatchedWhisper.passes] == [CHUNKS_A_PASS, 1]
    assert not long.done()
    let_all_go()
    assert (await long).text.count("fellow") == CHUNKS
    found = [one for results in WatchedWhisper.passes for one in results]
    assert sum(isinstance(one, Heard) for one in found) == CHUNKS + 1  # each of them once


async def test_chunks_of_all_requests_share_passes(runner: ModelRunner):
    blocker = ask(runner, TranscribeInput(Audio(sentence(), RATE)), Priority.INTERACTIVE)
    await pass_begins()
    clip = TranscribeInput(Audio(sentence(), RATE), word_timestamps=True)
    clips = [ask(runner, clip, Priority.INTERACTIVE) for _ in range(2 * CHUNKS_A_PASS)]
    await waiting(runner, len(clips))
    let_all_go()
    answers = await asyncio.gather(blocker, *clips)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert [len(one) for one in WatchedWhisper.passes] == [1, CHUNKS_A_PASS, CHUNKS_A_PASS]


async def test_a_cancelled_recording_leaves_at_the_next_pass(runner: ModelRunner):
    long = ask(runner, long_recording(), Priority.INTERACTIVE)
    await pass_begins()
    short = ask(runner, TranscribeInput(Audio(sentence(), RATE)), Priority.INTERACTIVE)
    await waiting(runner, 2)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    let_all_go()
    assert "fellow" in (await short).text
    assert [len(one) for one in WatchedWhisper.passes] == [CHUNKS_A_PASS, 1]
