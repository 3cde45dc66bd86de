"""The official client against the ingress: what works at OpenAI works here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from fake_client import SECONDS_PER_CHARACTER, TEXT, FakeClient
from fastapi import FastAPI
from ingress_app import duration_of, heard, make_app, wav
from openai.types.audio import (
    Transcription,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
    TranslationVerbose,
)

from contract.errors import ModelFailed
from ingress.encoding import AudioFormat

FILE = ("speech.wav", wav(), "audio/wav")
CLIP = Path(__file__).parents[1] / "data" / "jfk.flac"
SPOKEN = "Today is a good day. Let us go out."


def connect(app: FastAPI, key: str = "any") -> openai.AsyncOpenAI:
    transport = httpx2.ASGITransport(app=app)
    return openai.AsyncOpenAI(
        api_key=key,
        base_url="http://ingress/v1",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=transport),
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with connect(app) as connected:
        yield connected


@pytest.mark.parametrize("file_format", list(AudioFormat))
async def test_speech_in_every_format(client: openai.AsyncOpenAI, file_format: Any) -> None:
    answer = await client.audio.speech.create(
        model="tts-1", voice="alloy", input=SPOKEN, response_format=file_format, speed=1.25
    )
    expected_s = SECONDS_PER_CHARACTER * (len(SPOKEN) - 1) / 1.25
    assert duration_of(answer.content, file_format) == pytest.approx(expected_s, abs=0.15)


async def test_speech_streamed_to_a_file(client: openai.AsyncOpenAI, tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    async with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice={"id": "amy"}, input=SPOKEN
    ) as answer:
        await answer.stream_to_file(path)
    assert heard(path.read_bytes()).duration_s > 1.5


async def test_speech_events(client: openai.AsyncOpenAI) -> None:
    async with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=SPOKEN, stream_format="sse"
    ) as answer:
        lines = [line async for line in answer.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    kinds = [json.loads(line.removeprefix("data: "))["type"] for line in lines]
    assert set(kinds[:-1]) == {"speech.audio.delta"}
    assert kinds[-1] == "speech.audio.done"


async def test_transcription_json(client: openai.AsyncOpenAI) -> None:
    answer = await client.audio.transcriptions.create(model="whisper-1", file=FILE)
    assert type(answer) is Transcription
    assert answer.text == TEXT
    assert answer.usage is not None
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == 3.0


async def test_transcription_verbose_json(client: openai.AsyncOpenAI) -> None:
    answer = await client.audio.transcriptions.create(
        model="whisper-1",
        file=FILE,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        language="en",
        prompt="A speech.",
        temperature=0.0,
    )
    TranscriptionVerbose.model_validate(answer.model_dump(), strict=True)
    assert answer.words is not None
    assert [word.word for word in answer.words] == TEXT.split()
    assert answer.segments is not None
    assert answer.segments[1].start == 1.0
    assert (answer.language, answer.duration) == ("english", 3.0)


@pytest.mark.parametrize(
    ("response_format", "beginning"),
    [("text", "Ask not"), ("srt", "1\n00:00:00,000 --> "), ("vtt", "WEBVTT\n\n00:00:00.000 --> ")],
)
async def test_transcription_as_text(
    client: openai.AsyncOpenAI, response_format: Any, beginning: str
) -> None:
    answer = await client.audio.transcriptions.create(
        model="whisper-1", file=FILE, response_format=response_format
    )
    assert isinstance(answer, str)
    assert answer.startswith(beginning)


async def test_transcription_stream(client: openai.AsyncOpenAI) -> None:
    stream = await client.audio.transcriptions.create(model="whisper-1", file=FILE, stream=True)
    events = [event async for event in stream]
    assert "".join(e.delta for e in events if e.type == "transcript.text.delta") == TEXT
    done = events[-1]
    assert isinstance(done, TranscriptionTextDoneEvent)
    TranscriptionTextDoneEvent.model_validate(done.model_dump(), strict=True)
    assert done.text == TEXT


async def test_transcription_of_a_file_on_disk(
    client: openai.AsyncOpenAI, models: FakeClient
) -> None:
    await client.audio.transcriptions.create(model="whisper-1", file=CLIP)
    assert models.requests[0].audio.duration_s == pytest.approx(11.0, abs=0.1)


async def test_keywords_and_languages(client: openai.AsyncOpenAI, models: FakeClient) -> None:
    await client.audio.transcriptions.create(
        model="gpt-transcribe",
        file=FILE,
        keywords=["Kennedy"],
        languages=["en"],
        chunking_strategy="auto",
    )
    assert (models.requests[0].hotwords, models.requests[0].language) == ("Kennedy", "en")


async def test_what_would_make_the_answer_wrong_is_refused_by_name(
    client: openai.AsyncOpenAI,
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.audio.transcriptions.create(model="whisper-1", file=FILE, language="Klingon")
    assert caught.value.param == "language"


@pytest.mark.parametrize(
    ("options", "ignored"),
    [
        ({"known_speaker_names": ["a"]}, "known_speaker_names"),
        ({"known_speaker_references": ["data:audio/wav;base64,AA=="]}, "known_speaker_references"),
        ({"chunking_strategy": {"type": "server_vad", "threshold": 0.5}}, None),
        ({"chunking_strategy": {"type": "server_vad"}}, None),
        ({"languages": ["en", "de"]}, None),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities"),
        ({"include": ["logprobs"]}, None),
    ],
)
async def test_what_hints_is_used_or_ignored_by_name(
    client: openai.AsyncOpenAI, options: dict[str, Any], ignored: str | None
) -> None:
    raw = await client.audio.transcriptions.with_raw_response.create(
        model="gpt-4o-transcribe", file=FILE, **options
    )
    assert raw.parse().text == TEXT
    assert raw.headers.get("x-ignored-parameters") == ignored


async def test_log_probabilities(client: openai.AsyncOpenAI) -> None:
    answer = await client.audio.transcriptions.create(
        model="gpt-4o-transcribe", file=FILE, include=["logprobs"]
    )
    assert answer.logprobs is not None
    assert "".join(one.token or "" for one in answer.logprobs) == TEXT
    assert all(one.logprob is not None and one.logprob < 0 for one in answer.logprobs)


async def test_detected_languages(client: openai.AsyncOpenAI, models: FakeClient) -> None:
    answer = await client.audio.transcriptions.create(
        model="gpt-transcribe", file=FILE, languages=["en", "de"]
    )
    assert [one.code for one in answer.languages or ()] == ["en"]
    assert models.requests[0].languages == "en,de"


async def test_instructions_are_ignored_by_name(client: openai.AsyncOpenAI) -> None:
    raw = await client.audio.speech.with_raw_response.create(
        model="tts-1", voice="alloy", input="Hi.", instructions="Sound sad."
    )
    assert heard(raw.content).duration_s > 0.1
    assert raw.headers["x-ignored-parameters"] == "instructions"


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the client's own mark
async def test_translation(client: openai.AsyncOpenAI, models: FakeClient) -> None:
    answer = await client.audio.translations.create(model="whisper-1", file=FILE)
    assert answer.text == TEXT
    verbose = await client.audio.translations.create(
        model="whisper-1", file=FILE, response_format="verbose_json"
    )
    assert isinstance(verbose, TranslationVerbose)
    assert verbose.language == "english"
    assert all(request.translate for request in models.requests)


async def test_models(client: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert {"tts-1", "whisper-1", "openvoice_v2", "piper"} <= set(names)
    assert (await client.models.retrieve("tts-1")).object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("nobody")
    assert caught.value.code == "model_not_found"


async def test_keys(models: FakeClient) -> None:
    app = make_app(models, api_keys="first, second")
    async with connect(app, "second") as known, connect(app, "third") as unknown:
        await known.models.list()
        with pytest.raises(openai.AuthenticationError) as caught:
            await unknown.models.list()
    assert caught.value.code == "invalid_api_key"


async def test_an_error_of_the_model_is_a_server_error(
    client: openai.AsyncOpenAI, models: FakeClient
) -> None:
    models.failures["whisper"] = ModelFailed("the model failed")
    with pytest.raises(openai.InternalServerError) as caught:
        await client.audio.transcriptions.create(model="whisper-1", file=FILE)
    assert caught.value.type == "server_error"
