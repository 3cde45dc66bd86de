"""Long recordings through the official client: pieces side by side, one answer, early deltas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from fake_client import TEXT, FakeClient
from ingress_app import CONFIG, data_url, wav
from realtime_server import eventually, realtime_server

from contract.context import RequestContext
from contract.errors import ModelFailed, QueueFull
from contract.tasks import DetectSpeechInput, DiarizeInput, TaskInput, TranscribeInput

FILE = ("speech.wav", wav(45), "audio/wav")
PIECES = 8
"""Of five to ten seconds; nobody pauses in a tone."""


@dataclass
class Failing(FakeClient):
    """Fails at every recording but the first `before_error`."""

    before_error: int = 1 << 30
    refused: frozenset[int] = frozenset()
    """Of all recordings it is asked about, those that it has no place for."""
    busy_detector: int = 0
    """Detections that are refused first."""
    heard: int = 0
    may_diarize: asyncio.Event | None = None
    """Diarization waits for it."""

    async def call(self, model: str, request: TaskInput[Any], context: RequestContext) -> Any:
        if isinstance(request, DetectSpeechInput) and self.busy_detector:
            self.busy_detector -= 1
            raise QueueFull("too many requests wait", retry_after_s=0.05)
        if isinstance(request, DiarizeInput) and self.may_diarize:
            await self.may_diarize.wait()
        if isinstance(request, TranscribeInput):
            self.heard += 1
            if self.heard in self.refused:
                raise QueueFull("too many requests wait", retry_after_s=0.05)
            if self.heard > self.before_error:
                raise ModelFailed("the device lost its context")
        return await super().call(model, request, context)


@pytest.fixture
def models() -> Failing:
    return Failing()


@pytest.fixture
async def client(models: Failing) -> AsyncIterator[openai.AsyncOpenAI]:
    """On a real port, so that events arrive one by one."""
    settings = {"long_recording_s": 20, "piece_s": 10, "pieces_at_once": 2}
    async with (
        realtime_server(models, config=CONFIG, **settings) as url,
        openai.AsyncOpenAI(api_key="any", base_url=f"{url}/v1", max_retries=0) as connected,
    ):
        yield connected


async def test_a_long_recording_is_one_transcript(client: openai.AsyncOpenAI, models: Failing):
    found = await client.audio.transcriptions.create(
        model="whisper-1", file=FILE, response_format="verbose_json"
    )
    pieces = [one for one in models.requests if isinstance(one, TranscribeInput)]
    assert len(pieces) == PIECES
    assert sum(one.audio.duration_s for one in pieces) == pytest.approx(45)
    assert found.text == " ".join([TEXT] * PIECES)
    assert found.duration == pytest.approx(45)
    assert found.segments is not None
    assert [one.id for one in found.segments] == list(range(2 * PIECES))
    assert [one.start for one in found.segments] == sorted(one.start for one in found.segments)


async def test_a_short_recording_goes_out_whole(client: openai.AsyncOpenAI, models: Failing):
    found = await client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", wav(19), "audio/wav")
    )
    assert found.text == TEXT
    assert [type(one) for one in models.requests] == [TranscribeInput]


async def test_deltas_come_while_later_pieces_are_still_transcribed(
    client: openai.AsyncOpenAI, models: Failing
):
    models.gate, models.before_gate = asyncio.Event(), 2  # the detector and the first piece
    deltas: list[str] = []
    text = ""
    stream = await client.audio.transcriptions.create(model="whisper-1", file=FILE, stream=True)
    async for event in stream:
        if event.type == "transcript.text.delta":
            deltas.append(event.delta)
            if "".join(deltas) == TEXT:
                assert not models.gate.is_set()
                models.gate.set()
        elif event.type == "transcript.text.done":
            text = event.text
    assert text == "".join(deltas) == " ".join([TEXT] * PIECES)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_busy_model_costs_a_long_recording_time_and_nothing_else(
    client: openai.AsyncOpenAI, models: Failing, stream: bool
):
    models.refused, models.busy_detector = frozenset({1, 3, 4, 6}), 2
    found: Any = await client.audio.transcriptions.create(
        model="whisper-1", file=FILE, stream=stream
    )
    text = [one async for one in found][-1].text if stream else found.text
    assert text == " ".join([TEXT] * PIECES)
    assert models.heard == PIECES + 4


async def test_an_error_behind_the_first_piece_ends_the_stream_as_an_error(
    client: openai.AsyncOpenAI, models: Failing
):
    models.before_error = 1
    stream = await client.audio.transcriptions.create(model="whisper-1", file=FILE, stream=True)
    deltas = ""

    async def read() -> None:
        nonlocal deltas
        async for event in stream:
            assert event.type == "transcript.text.delta"
            deltas += event.delta

    with pytest.raises(openai.APIError, match="lost its context"):
        await read()
    assert deltas == TEXT


async def test_an_error_of_the_first_piece_has_a_status(
    client: openai.AsyncOpenAI, models: Failing
):
    models.before_error = 0
    with pytest.raises(openai.InternalServerError, match="lost its context"):
        await client.audio.transcriptions.create(model="whisper-1", file=FILE, stream=True)
    assert [type(one) for one in models.requests] == [DetectSpeechInput]


DIARIZED: Any = {
    "model": "gpt-4o-transcribe-diarize",
    "response_format": "diarized_json",
    "file": FILE,
    "stream": True,
    "chunking_strategy": "auto",
}


async def test_words_come_before_speakers_are_known_and_segments_once_they_are(
    client: openai.AsyncOpenAI, models: Failing
):
    models.may_diarize = asyncio.Event()
    text = " ".join([TEXT] * PIECES)
    known: Any = {
        "known_speaker_names": ["Ann"],
        "known_speaker_references": [data_url(2.0)],
    }
    events: list[Any] = []
    async for event in await client.audio.transcriptions.create(**DIARIZED, extra_body=known):
        events.append(event)
        if "".join(one.delta for one in events if "delta" in one.type) == text:
            models.may_diarize.set()
    kinds = [one.type.rpartition(".")[2] for one in events]
    assert kinds == sorted(kinds, key=["delta", "segment", "done"].index)
    segments = events[kinds.index("segment") : -1]
    assert events[-1].text == " ".join(one.text for one in segments) == text
    assert {one.speaker for one in segments if one.end < 22} == {"Ann"}
    assert {one.speaker for one in segments if one.start > 23} == {"B"}
    assert len({one.id for one in segments}) == len(segments)
    (asked,) = (one for one in models.requests if isinstance(one, DiarizeInput))
    assert asked.audio.duration_s == pytest.approx(45)


async def test_a_diarization_that_is_refused_has_a_status(
    client: openai.AsyncOpenAI, models: Failing
):
    models.failures["diarize"] = ModelFailed("the encoder lost its context")
    with pytest.raises(openai.InternalServerError, match="encoder lost its context"):
        await client.audio.transcriptions.create(**DIARIZED)


async def test_a_diarization_that_fails_late_ends_the_stream_as_an_error(
    client: openai.AsyncOpenAI, models: Failing
):
    models.failures["diarize"] = ModelFailed("the encoder lost its context")
    models.may_diarize = asyncio.Event()
    deltas = ""
    stream = await client.audio.transcriptions.create(**DIARIZED)

    async def read() -> None:
        nonlocal deltas
        async for event in stream:
            assert event.type == "transcript.text.delta"
            deltas += event.delta
            models.may_diarize.set()

    with pytest.raises(openai.APIError, match="encoder lost its context"):
        await read()
    assert deltas.startswith(TEXT)


async def test_a_reader_that_leaves_stops_the_diarization_and_the_pieces(
    client: openai.AsyncOpenAI, models: Failing
):
    models.hung = frozenset({"diarize"})
    models.gate, models.before_gate = asyncio.Event(), 3  # the detector and the first piece
    found = asyncio.create_task(client.audio.transcriptions.create(**DIARIZED))
    await models.until_called(5)
    found.cancel()
    await asyncio.gather(found, return_exceptions=True)
    await eventually(lambda: len(models.cancelled) == 3)


async def test_a_reader_that_leaves_stops_the_pieces(client: openai.AsyncOpenAI, models: Failing):
    models.gate, models.before_gate = asyncio.Event(), 2
    found = asyncio.create_task(client.audio.transcriptions.create(model="whisper-1", file=FILE))
    await models.until_called(4)
    found.cancel()
    await asyncio.gather(found, return_exceptions=True)
    await eventually(lambda: len(models.cancelled) == 2)
