"""Long recordings in pieces: real small predictors, one of which breaks where a test says so."""

import asyncio
from functools import partial

import numpy as np
import pytest
from failing_recogniser import FailingRecogniser
from scripted_client import ScriptedClient
from tiny_models import LETTER_S, SAMPLE_RATE, TinyDetector, letter_hz, tones

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.errors import DeadlineExceeded, InvalidRequest, ModelFailed, QueueFull
from contract.tasks import (
    DetectSpeechInput,
    DetectSpeechOutput,
    SpeechSegment,
    TranscribeInput,
)
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings
from transformer.engine import ToolchainEngine
from transport.client.in_process import InProcessClient
from transport.recordings.transcription import Splitting

WORDS = ("january", "february", "october", "november", "december", "saturday")
TYPES = {"FasterWhisper": FailingRecogniser, "SileroVAD": TinyDetector}
EVERY_S = 5
AT_ONCE = 3


def recording():
    """A word spelled in tones, then a pause: a word begins every five seconds."""
    parts = []
    for word in WORDS:
        spoken = tones([letter_hz(letter) for letter in word], LETTER_S)
        parts += [spoken, np.zeros(EVERY_S * SAMPLE_RATE - len(spoken), np.float32)]
    return Audio(np.concatenate(parts), SAMPLE_RATE)


@pytest.fixture(autouse=True)
def no_failures():
    FailingRecogniser.failures.clear()
    FailingRecogniser.refusals.clear()
    FailingRecogniser.heard.clear()


@pytest.fixture
async def toolchain():
    """A function that makes the toolchain; its predictors are real, small ones."""
    entries = tuple(
        ModelConfig(name=one.lower(), model="tiny", model_type=one, max_batch_size=1)
        for one in TYPES
    )
    pool = ModelRepository(Settings())
    client = InProcessClient(
        {one.name: pool.add(one, partial(TYPES.get, one.model_type)) for one in entries}
    )
    catalog = Catalog(ServiceConfig(model_configs=entries))
    yield lambda **splitting: ToolchainEngine(
        "long_transcription",
        client,
        lambda: catalog.current,
        splitting=Splitting(piece_s=6.0, **splitting),
    )
    await pool.aclose()


def languages_asked():
    """For pieces with a word; the warm-up has none."""
    return {language for text, language in FailingRecogniser.heard if text in WORDS}


async def heard(engine, context=None, **options):
    request = TranscribeInput(recording(), **options)
    return await engine.submit(request, context or RequestContext())


async def test_pieces_are_put_together_in_order_with_the_recording_s_times(toolchain):
    answer = await heard(toolchain(), word_timestamps=True)
    assert answer.text == " ".join(WORDS)
    assert answer.duration_s == EVERY_S * len(WORDS)
    assert [one.id for one in answer.segments] == list(range(len(WORDS)))
    begin = [one.start_s for one in answer.segments]
    assert begin == sorted(begin)
    assert all(one.seek == round(100 * one.start_s) for one in answer.segments)
    ends = [one.end_s for one in answer.segments]
    for number, (start_s, end_s) in enumerate(zip(begin, ends, strict=True)):
        assert start_s <= EVERY_S * number < end_s
    assert all(one.words[0].start_s == one.start_s for one in answer.segments)


async def test_a_piece_that_fails_once_is_sent_again_alone(toolchain):
    FailingRecogniser.failures["november"] = 1
    answer = await heard(toolchain())
    assert answer.text == " ".join(WORDS)
    texts = [text for text, _ in FailingRecogniser.heard]
    assert [texts.count(word) for word in WORDS] == [1, 1, 1, 2, 1, 1]


async def test_a_piece_that_fails_twice_fails_the_recording(toolchain):
    FailingRecogniser.failures["november"] = 10
    with pytest.raises(ModelFailed):
        await heard(toolchain(at_once=2))
    texts = [text for text, _ in FailingRecogniser.heard]
    assert texts.count("november") == 2
    assert "saturday" not in texts


async def test_a_piece_that_a_busy_model_refuses_waits_and_is_sent_again(toolchain):
    FailingRecogniser.refusals |= {"january": 1, "november": 3}
    answer = await heard(toolchain())
    assert answer.text == " ".join(WORDS)
    texts = [text for text, _ in FailingRecogniser.heard]
    assert [texts.count(word) for word in WORDS] == [2, 1, 1, 4, 1, 1]


async def test_a_refusal_that_lasts_is_told_before_the_deadline(toolchain):
    FailingRecogniser.refusals["november"] = 1000
    with pytest.raises(QueueFull):
        await heard(toolchain(), RequestContext().within(3))
    assert FailingRecogniser.refusals["november"] < 999


async def test_the_language_of_the_first_speech_is_everybody_s(toolchain):
    await heard(toolchain())
    asked = dict(FailingRecogniser.heard)
    assert asked["january"] is None
    assert {asked[word] for word in WORDS[1:]} == {"en"}


async def test_each_piece_s_language_is_found_where_that_is_asked_for(toolchain):
    await heard(toolchain(detect_each=True))
    assert languages_asked() == {None}


async def test_a_given_language_is_used_for_all(toolchain):
    answer = await heard(toolchain(), language="de")
    assert answer.language == "de"
    assert languages_asked() == {"de"}


async def test_an_error_of_the_caller_s_is_not_asked_twice(toolchain):
    engine = toolchain()
    with pytest.raises(InvalidRequest, match="it can: transcribe"):
        await engine.submit(DetectSpeechInput(recording()), RequestContext())
    assert FailingRecogniser.heard == []


class HangingClient(ScriptedClient):
    """Its recogniser never answers."""

    def __init__(self):
        super().__init__({"vad": lambda _: DetectSpeechOutput((SpeechSegment(0, 30),))})
        self.hung, self.cancelled = 0, 0
        self.all_hang = asyncio.Event()

    async def call(self, model, request, context):
        if model == "vad":
            return await super().call(model, request, context)
        self.hung += 1
        if self.hung == AT_ONCE:
            self.all_hang.set()
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.fixture
def hanging():
    client = HangingClient()
    entries = (
        ModelConfig(name="vad", model="m", model_type="SileroVAD"),
        ModelConfig(name="whisper", model="m", model_type="FasterWhisper", language="EN"),
    )
    catalog = Catalog(ServiceConfig(model_configs=entries))
    splitting = Splitting(piece_s=6.0, at_once=AT_ONCE)
    engine = ToolchainEngine(
        "long_transcription", client, lambda: catalog.current, splitting=splitting
    )
    return client, engine


async def test_cancelling_stops_every_piece(hanging):
    client, engine = hanging
    task = asyncio.create_task(heard(engine))
    await asyncio.wait_for(client.all_hang.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (client.hung, client.cancelled) == (AT_ONCE, AT_ONCE)


async def test_the_deadline_holds_for_all_pieces_together(hanging):
    client, engine = hanging
    with pytest.raises(DeadlineExceeded):
        await heard(engine, RequestContext().within(0.2))
    assert client.hung == client.cancelled == AT_ONCE


async def test_predictors_are_woken_at_once(hanging):
    client, engine = hanging
    with pytest.raises(DeadlineExceeded):
        await heard(engine, RequestContext().within(0.1))
    assert client.woken == [["whisper", "vad"]]
