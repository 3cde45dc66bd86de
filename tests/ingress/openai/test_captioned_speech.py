"""POST /dev/captioned_speech, as Kokoro-FastAPI's clients use it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fake_client import SECONDS_PER_CHARACTER, FakeClient
from ingress_app import browser, heard, make_app

CONFIG = (Path(__file__).parents[3] / "config.yml").read_text(encoding="utf-8")
PATH = "/dev/captioned_speech"
TEXT = "Good morning, all. This is it."


@pytest_asyncio.fixture
async def page(models: FakeClient) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(make_app(models, config=CONFIG)) as http:
        yield http


async def answered(http: httpx.AsyncClient, text: str = TEXT, **changes: Any) -> httpx.Response:
    body = {"model": "kokoro", "voice": "af_heart", "input": text, "response_format": "wav"}
    answer = await http.post(PATH, json=body | changes)
    assert answer.status_code == 200, answer.text
    kind = "application/json" if changes.get("stream") is False else "application/x-ndjson"
    assert answer.headers["content-type"] == kind
    return answer


def words_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [word for line in lines for word in line["timestamps"]]


async def test_a_stream_has_a_line_for_each_part_and_times_of_the_whole_speech(
    page: httpx.AsyncClient,
) -> None:
    lines = [json.loads(line) for line in (await answered(page)).text.splitlines()]
    assert len(lines) > 1
    assert {line["audio_format"] for line in lines} == {"audio/wav"}
    audio = heard(b"".join(base64.b64decode(line["audio"]) for line in lines))
    words = words_of(lines)
    assert [one["word"] for one in words] == ["Good", "morning", "all", "This", "is", "it"]
    first_s = len("Good morning, all.") * SECONDS_PER_CHARACTER
    assert words[3]["start_time"] == pytest.approx(first_s, abs=0.01)
    assert words[-1]["end_time"] <= audio.duration_s
    assert all(one["start_time"] < one["end_time"] for one in words)


async def test_one_answer_holds_the_same(page: httpx.AsyncClient) -> None:
    streamed = [json.loads(line) for line in (await answered(page)).text.splitlines()]
    whole = (await answered(page, stream=False)).json()
    assert whole["timestamps"] == words_of(streamed)
    assert heard(base64.b64decode(whole["audio"])).duration_s > whole["timestamps"][-1]["end_time"]


async def test_silences_and_speed_move_the_words(page: httpx.AsyncClient) -> None:
    ssml = '<speak><break time="1s"/>One.<break time="2s"/>Two.</speak>'
    one, two = (await answered(page, ssml, stream=False, speed=2)).json()["timestamps"]
    assert one["start_time"] == pytest.approx(1, abs=0.01)
    spoken_s = len("One.") * SECONDS_PER_CHARACTER / 2
    assert two["start_time"] == pytest.approx(1 + spoken_s + 2, abs=0.02)


async def test_a_model_that_tells_no_times_says_so(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = await answered(page, model="tts-1", voice="alloy", stream=False)
    assert answer.json()["timestamps"] == []
    assert answer.headers["x-ignored-parameters"] == "return_timestamps"
    assert models.requests[-1].word_times is None


async def test_nobody_is_asked_for_times_that_are_not_wanted(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = await answered(page, return_timestamps=False, stream=False)
    assert answer.json()["timestamps"] == []
    assert all(one.word_times is None for one in models.requests)


@pytest.mark.parametrize(("field", "value"), [("voice", "nobody"), ("speed", 9), ("input", "")])
async def test_what_cannot_be_spoken_is_refused_before_the_first_line(
    page: httpx.AsyncClient, field: str, value: Any
) -> None:
    body = {"model": "kokoro", "input": TEXT} | {field: value}
    answer = await page.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field
