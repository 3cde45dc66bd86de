"""Every model name × format × stream × option, sent and parsed by OpenAI's own client.

What comes back must be of the client's types, strictly; nothing is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any, get_args, get_type_hints

import httpx2
import openai
import pytest
from fake_client import TEXT
from fastapi import FastAPI
from ingress_app import data_url, wav
from openai.types import AudioModel, AudioResponseFormat
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
    Translation,
    TranslationVerbose,
)
from openai.types.audio.translation_create_params import TranslationCreateParams

from ingress.selection import OPENAI_TRANSCRIPTION_MODELS

FILE = ("speech.wav", wav(), "audio/wav")
MODELS = sorted({*get_args(AudioModel), *OPENAI_TRANSCRIPTION_MODELS, "whisper", "diarize"})
FORMATS = get_args(AudioResponseFormat)
STREAMED = ("json", "text", "diarized_json")
OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "auto": {"chunking_strategy": "auto"},
    "server_vad": {
        "chunking_strategy": {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 200,
        }
    },
    "logprobs": {"include": ["logprobs"]},
    "hints": {"keywords": ["Kennedy"], "languages": ["en", "de"], "prompt": "A speech."},
    "language": {"language": "en", "temperature": 0.2},
    "times": {"timestamp_granularities": ["word", "segment"]},
    "speakers": {"known_speaker_names": ["Ann"], "known_speaker_references": [data_url()]},
}
ANSWERS = {
    "json": Transcription,
    "verbose_json": TranscriptionVerbose,
    "diarized_json": TranscriptionDiarized,
}
EVENTS = {
    "transcript.text.delta": TranscriptionTextDeltaEvent,
    "transcript.text.segment": TranscriptionTextSegmentEvent,
    "transcript.text.done": TranscriptionTextDoneEvent,
}


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app))
    async with openai.AsyncOpenAI(
        api_key="any", base_url="http://ingress/v1", max_retries=0, http_client=http
    ) as connected:
        yield connected


def strictly(kind: type, value: Any) -> None:
    """The client builds its types without a check; this is the check."""
    kind.model_validate(value.model_dump(exclude_unset=True), strict=True)  # type: ignore[attr-defined]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("model", MODELS)
async def test_an_answer_is_of_the_client_s_type(
    client: openai.AsyncOpenAI, model: str, option: str
) -> None:
    for response_format in FORMATS:
        answer: Any = await client.audio.transcriptions.create(
            file=FILE, model=model, response_format=response_format, **OPTIONS[option]
        )
        if response_format not in ANSWERS:
            assert TEXT.split()[0] in answer
            continue
        kind = ANSWERS[response_format]
        strictly(kind, answer)
        assert answer.text == TEXT
        if response_format == "diarized_json":
            first = "Ann" if option == "speakers" else "A"
            assert [one.speaker for one in answer.segments] == [first, "B"]
        if response_format == "verbose_json" and option == "times":
            assert answer.words
            assert answer.segments
        if response_format == "json" and option == "logprobs":
            assert "".join(one.token for one in answer.logprobs) == TEXT
        is_gpt = model.startswith("gpt-") and response_format != "verbose_json"
        expected = "tokens" if is_gpt else "duration"
        assert answer.usage.type == expected


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("model", MODELS)
async def test_every_event_is_of_the_client_s_type(
    client: openai.AsyncOpenAI, model: str, option: str
) -> None:
    for response_format in STREAMED:
        stream: Any = await client.audio.transcriptions.create(
            file=FILE, model=model, response_format=response_format, stream=True, **OPTIONS[option]
        )
        events = [event async for event in stream]
        for event in events:
            strictly(EVENTS[event.type], event)
        done = events[-1]
        assert done.text == TEXT == "".join(one.delta for one in events if "delta" in one.type)
        if response_format == "json" and option == "logprobs":
            deltas = [one for one in events if "delta" in one.type]
            assert ["".join(token.token for token in one.logprobs) for one in deltas] == [
                one.delta for one in deltas
            ]
            tokens = [token.to_dict() for one in deltas for token in one.logprobs]
            assert tokens == [token.to_dict() for token in done.logprobs]
        segments = [one for one in events if one.type == "transcript.text.segment"]
        assert bool(segments) == (response_format == "diarized_json")


async def test_formats_that_cannot_be_streamed_come_whole(client: openai.AsyncOpenAI) -> None:
    """OpenAI ignores `stream` where a model cannot."""
    for model, response_format in itertools.product(MODELS, set(FORMATS) - set(STREAMED)):
        async with client.audio.transcriptions.with_streaming_response.create(
            file=FILE, model=model, response_format=response_format, stream=True
        ) as answer:
            assert answer.headers["x-ignored-parameters"] == "stream"
            assert TEXT.split()[0] in await answer.text()


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # OpenAI's end, not ours
@pytest.mark.parametrize("model", MODELS)
async def test_translations_are_of_the_client_s_type(
    client: openai.AsyncOpenAI, model: str
) -> None:
    """What only transcriptions have is named as ignored, and changes nothing."""
    ignored = {"stream": True, "timestamp_granularities": ["word"]}
    for response_format in get_args(get_type_hints(TranslationCreateParams)["response_format"]):
        for extra in ({}, ignored):
            answer = await client.audio.translations.with_raw_response.create(
                file=FILE, model=model, response_format=response_format, extra_body=extra
            )
            assert bool(extra) == ("x-ignored-parameters" in answer.headers)
            parsed: Any = answer.parse()
            if response_format in ("json", "verbose_json"):
                strictly(Translation if response_format == "json" else TranslationVerbose, parsed)
                assert parsed.text == TEXT
            else:
                assert TEXT.split()[0] in str(parsed)
            if response_format == "verbose_json":
                assert [one.id for one in parsed.segments] == [0, 1]


async def test_the_matrix_is_that_of_the_newest_client() -> None:
    assert {"gpt-4o-transcribe-diarize", "whisper-1"} <= set(MODELS)
    assert set(ANSWERS) | {"text", "srt", "vtt"} == set(FORMATS)
