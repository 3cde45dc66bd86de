"""diarized_json: who says what, in answers and in streams; known speakers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from fake_client import TEXT, FakeClient
from ingress_app import CONFIG, browser, data_url, make_app, wav

PATH = "/v1/audio/transcriptions"


async def upload(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    form = {"model": "gpt-4o-transcribe-diarize", "response_format": "diarized_json"} | fields
    return await http.post(PATH, files={"file": ("a.wav", wav(), "audio/wav")}, data=form)


async def test_every_segment_has_its_speaker(http: httpx.AsyncClient, models: FakeClient) -> None:
    answer = (await upload(http)).json()
    assert (answer["task"], answer["text"], answer["duration"]) == ("transcribe", TEXT, 3.0)
    assert [(one["speaker"], one["text"]) for one in answer["segments"]] == [
        ("A", "Ask not what"),
        ("B", "your country can do."),
    ]
    assert all(one["type"] == "transcript.text.segment" for one in answer["segments"])
    assert len({one["id"] for one in answer["segments"]}) == 2
    assert answer["usage"]["type"] == "tokens"
    assert models.models == ["diarize"]


async def test_the_stream_has_a_delta_and_a_segment_for_each(http: httpx.AsyncClient) -> None:
    answer = await upload(http, stream="true")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line[:5] == "data:"]
    kinds = [one["type"].rpartition(".")[2] for one in events]
    assert kinds == ["delta", "segment", "delta", "segment", "done"]
    assert "".join(one["delta"] for one in events if "delta" in one) == TEXT == events[-1]["text"]
    assert [one["segment_id"] for one in events[0:4:2]] == [one["id"] for one in events[1:4:2]]


@pytest.mark.parametrize(
    ("model", "recogniser"),
    [
        ("diarize", "whisper"),
        ("Diarize", "whisper"),
        ("gpt-4o-transcribe-diarize", "whisper"),
        ("whisper-1", "whisper"),
        ("whisper-small", "whisper-small"),
    ],
)
async def test_any_recogniser_s_words_can_be_given_to_speakers(
    models: FakeClient, model: str, recogniser: str
) -> None:
    config = CONFIG.replace(
        "  - {name: silero-vad,",
        "  - {name: whisper-small, model: x, model_type: FasterWhisper}\n  - {name: silero-vad,",
    )
    async with browser(make_app(models, config=config)) as http:
        assert (await upload(http, model=model)).status_code == 200
    assert models.models == ["diarize"]
    assert models.requests[0].recogniser == recogniser


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json"])
async def test_other_formats_need_no_speakers(
    http: httpx.AsyncClient, models: FakeClient, response_format: str
) -> None:
    assert (await upload(http, response_format=response_format)).status_code == 200
    assert models.models == ["whisper"]


async def test_known_speakers_are_named(http: httpx.AsyncClient, models: FakeClient) -> None:
    fields = {
        "known_speaker_names[]": ["Kennedy, John", "Ann"],
        "known_speaker_references[]": [data_url(2.0, 48_000), data_url(9.9)],
        "num_speakers": "2",
    }
    answer = (await upload(http, **fields)).json()
    assert [one["speaker"] for one in answer["segments"]] == ["Kennedy, John", "B"]
    (request,) = models.requests
    assert request.known_speaker_names == ("Kennedy, John", "Ann")
    lengths = [one.duration_s for one in request.known_speaker_references]
    assert lengths == [pytest.approx(2.0), pytest.approx(9.9)]
    assert request.num_speakers == 2


@pytest.mark.parametrize(
    ("names", "references", "param", "words"),
    [
        (["a"], [], "known_speaker_references", "0 entries"),
        ([], [data_url()], "known_speaker_references", "1 entries"),
        (list("abcde"), [data_url()] * 5, "known_speaker_names", "the most is 4"),
        (["a", "a"], [data_url()] * 2, "known_speaker_names", "twice"),
        (["a"], [data_url(1.0)], "known_speaker_references", "lasts 1.0 s"),
        (["a"], [data_url(60.0)], "known_speaker_references", "lasts 60.0 s"),
        (["a"], ["data:audio/wav;base64,"], "known_speaker_references", "empty"),
        (["a"], ["data:audio/wav;base64,%%%"], "known_speaker_references", "base64"),
        (["a"], ["data:audio/wav;base64,AAAA"], "known_speaker_references", "audio"),
        (["a"], [data_url(400.0)], "known_speaker_references", "bytes"),
    ],
)
async def test_known_speakers_that_make_no_sense_are_refused(
    http: httpx.AsyncClient,
    models: FakeClient,
    names: list[str],
    references: list[str],
    param: str,
    words: str,
) -> None:
    fields = {"known_speaker_names[]": names, "known_speaker_references[]": references}
    answer = await upload(http, **fields)
    error = answer.json()["error"]
    assert answer.status_code in (400, 413)
    assert words in error["message"]
    assert not models.calls
    assert error["param"] == param
    assert param in error["message"]


async def test_where_nobody_tells_speakers_apart_it_says_what_is_missing(
    models: FakeClient,
) -> None:
    config = "model_configs: [{name: whisper, model: x, model_type: FasterWhisper}]"
    async with browser(make_app(models, config=config)) as http:
        answer = await upload(http)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "response_format"
        assert "speaker encoder" in answer.json()["error"]["message"]
        assert (await upload(http, response_format="json")).status_code == 200
        listed = (await http.get("/v1/models")).json()["data"]
    assert not {"diarize", "gpt-4o-transcribe-diarize"} & {one["id"] for one in listed}


async def test_the_toolchain_and_its_openai_name_are_listed(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/v1/models")).json()["data"]
    assert {"diarize", "gpt-4o-transcribe-diarize"} <= {one["id"] for one in listed}


async def test_translations_have_no_speakers(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/v1/audio/translations",
        files={"file": ("a.wav", wav(), "audio/wav")},
        data={"model": "whisper-1", "response_format": "diarized_json"},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "response_format"
