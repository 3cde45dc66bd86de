"""POST /v1/audio/transcriptions in both dialects, and /v1/audio/translations."""

from __future__ import annotations

import json
import math
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import pytest
from fake_client import TEXT, FakeClient
from ingress_app import as_base64, browser, make_app, wav, wav_base64

from contract.audio.codec import Audio, wav_bytes

PATH = "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"


async def upload(
    http: httpx.AsyncClient, path: str = PATH, data: bytes | None = None, **fields: Any
) -> httpx.Response:
    form = {"model": "whisper-1"} | fields
    file = wav() if data is None else data
    return await http.post(path, files={"file": ("a.wav", file, "audio/wav")}, data=form)


def param_of(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["param"] in error["message"]
    return str(error["param"])


@contextmanager
def no_files() -> Iterator[None]:
    """As on a disk that is full: whatever is written to a file fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# OpenAI -------------------------------------------------------------------------------------


async def test_json_is_the_default(http: httpx.AsyncClient, models: FakeClient) -> None:
    answer = await upload(http)
    assert answer.json() == {"text": TEXT, "usage": {"type": "duration", "seconds": 3.0}}
    (request,) = models.requests
    assert request.audio.sample_rate == 16_000
    assert (request.segment_timestamps, request.word_timestamps) == (False, False)


async def test_a_long_upload_needs_no_disk(http: httpx.AsyncClient) -> None:
    recording = wav(120.0)
    assert len(recording) > 3 << 20
    with no_files():
        answer = await upload(http, data=recording)
    assert answer.json() == {"text": TEXT, "usage": {"type": "duration", "seconds": 120.0}}


async def test_text(http: httpx.AsyncClient) -> None:
    answer = await upload(http, response_format="text")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == TEXT + "\n"


async def test_srt(http: httpx.AsyncClient, models: FakeClient) -> None:
    answer = await upload(http, response_format="srt")
    assert answer.text == (
        "1\n00:00:00,000 --> 00:00:00,900\nAsk not what\n\n"
        "2\n00:00:01,000 --> 00:00:01,900\nyour country can do.\n\n"
    )
    assert models.requests[0].segment_timestamps


async def test_vtt(http: httpx.AsyncClient) -> None:
    answer = await upload(http, response_format="vtt")
    assert answer.headers["content-type"].startswith("text/vtt")
    assert answer.text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:00.900\nAsk not what\n\n")


async def test_verbose_json_has_segments_by_default(http: httpx.AsyncClient) -> None:
    answer = (await upload(http, response_format="verbose_json")).json()
    assert (answer["task"], answer["language"], answer["duration"]) == ("transcribe", "english", 3)
    assert [one["text"] for one in answer["segments"]] == [
        " Ask not what",
        " your country can do.",
    ]
    assert "words" not in answer


@pytest.mark.parametrize("spelling", ["timestamp_granularities[]", "timestamp_granularities"])
async def test_word_times(http: httpx.AsyncClient, models: FakeClient, spelling: str) -> None:
    fields = {"response_format": "verbose_json", spelling: ["word"]}
    answer = (await upload(http, **fields)).json()
    assert [one["word"] for one in answer["words"]] == TEXT.split()
    assert all(one["start"] < one["end"] for one in answer["words"])
    assert "segments" not in answer
    assert models.requests[0].word_timestamps


async def test_every_option_reaches_the_model(http: httpx.AsyncClient, models: FakeClient) -> None:
    fields = {
        "language": "en-US",
        "prompt": "A speech.",
        "temperature": "0.2",
        "keywords[]": ["Kennedy", "country"],
        "chunking_strategy": "auto",
    }
    assert (await upload(http, **fields)).status_code == 200
    (request,) = models.requests
    assert (request.language, request.prompt, request.temperature) == ("en", "A speech.", 0.2)
    assert (request.hotwords, request.translate) == ("Kennedy, country", False)


@pytest.mark.parametrize(
    "fields",
    [
        {
            "chunking_strategy[type]": "server_vad",
            "chunking_strategy[threshold]": "0.4",
            "chunking_strategy[prefix_padding_ms]": "200",
            "chunking_strategy[silence_duration_ms]": "350",
        },
        {
            "chunking_strategy": '{"type": "server_vad", "threshold": 0.4, '
            '"prefix_padding_ms": 200, "silence_duration_ms": 350}'
        },
    ],
)
@pytest.mark.parametrize("response_format", ["json", "diarized_json"])
async def test_numbers_of_the_chunking_strategy_reach_the_detector(
    http: httpx.AsyncClient, models: FakeClient, fields: dict[str, Any], response_format: str
) -> None:
    answer = await upload(http, response_format=response_format, **fields)
    assert answer.status_code == 200
    (request,) = models.requests
    assert (request.threshold, request.speech_pad_ms) == (0.4, 200)
    assert request.min_silence_duration_ms == 350


async def test_usage_is_in_tokens_for_gpt_models_and_in_seconds_for_whisper(
    http: httpx.AsyncClient,
) -> None:
    tokens = (await upload(http, model="gpt-4o-mini-transcribe")).json()["usage"]
    assert tokens["type"] == "tokens"
    assert tokens["total_tokens"] == tokens["input_tokens"] + tokens["output_tokens"] == 154
    assert (await upload(http, model="whisper")).json()["usage"]["type"] == "duration"


async def test_one_of_languages_is_the_language(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    await upload(http, **{"languages[]": ["german"]})
    assert models.requests[0].language == "de"


async def test_stream_sends_deltas_that_join_to_the_text(http: httpx.AsyncClient) -> None:
    answer = await upload(http, stream="true")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line[:5] == "data:"]
    *deltas, done = events
    assert [one["type"] for one in deltas] == ["transcript.text.delta"] * 2
    assert "".join(one["delta"] for one in deltas) == TEXT
    assert (done["type"], done["text"]) == ("transcript.text.done", TEXT)
    assert done["usage"]["input_tokens"] == 150


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"language": "klingon"}, "language"),
        ({"temperature": "1.5"}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"response_format": "diarised"}, "response_format"),
        ({"response_format": "diarized_json", "task": "translate"}, "response_format"),
        ({"chunking_strategy[threshold]": "5"}, "chunking_strategy.threshold"),
        (
            {"chunking_strategy": '{"silence_duration_ms": -1}'},
            "chunking_strategy.silence_duration_ms",
        ),
        ({"num_speakers": "0"}, "num_speakers"),
        (
            {"timestamp_granularities[]": "letter", "response_format": "verbose_json"},
            "timestamp_granularities[0]",
        ),
        ({"stream": "perhaps"}, "stream"),
        ({"vad_filter": "perhaps"}, "vad_filter"),
        ({"languages[]": ["de", "klingon"]}, "languages"),
        ({"task": "summarise"}, "task"),
    ],
)
async def test_refusals_name_the_field(
    http: httpx.AsyncClient, models: FakeClient, fields: dict[str, Any], param: str
) -> None:
    assert param_of(await upload(http, **fields)) == param
    assert not models.calls


async def test_a_file_is_required(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, data={"model": "whisper-1"})
    assert param_of(answer) == "file"
    answer = await http.post(PATH, data={"model": "whisper-1", "file": "text"})
    assert param_of(answer) == "file"
    answer = await http.post(PATH, content=b"RIFF", headers={"content-type": "audio/wav"})
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"", b"--x\r\n\r\n", b"\x00" * 100])
async def test_broken_multipart_is_400(http: httpx.AsyncClient, body: bytes) -> None:
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
        answer = await http.post(PATH, content=body, headers={"content-type": kind})
        assert answer.status_code == 400
        assert param_of(answer) in ("body", "file")


@pytest.mark.parametrize(
    ("form", "param", "remedy"),
    [
        ({f"field{number}": "x" for number in range(1_001)}, "body", "send fewer"),
        ({"a": "x" * (9 << 20)}, "a", "shorten it"),
        ({"keywords[]": "x" * (9 << 20)}, "keywords", "shorten it"),
        ({"keywords": "[" + "[]," * 20_000 + "[]]"}, "keywords", "10000 items; send fewer"),
        ({"languages": "en," * 20_000}, "languages", "10000 items; send fewer"),
    ],
)
async def test_a_form_beyond_its_bounds_says_what_to_do(
    http: httpx.AsyncClient, form: dict[str, str], param: str, remedy: str
) -> None:
    answer = await upload(http, **form)
    assert param_of(answer) == param
    assert remedy in answer.json()["error"]["message"]


async def test_each_of_many_keywords_may_be_a_field_of_its_own(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    await upload(http, **{f"keywords[{number}]": f"word{number}" for number in range(300)})
    assert models.requests[0].hotwords.startswith("word0, word1, word2")


async def test_of_two_files_nobody_chooses_one(http: httpx.AsyncClient) -> None:
    files = [("file", ("a.wav", wav())), ("file", ("b.wav", wav()))]
    answer = await http.post(PATH, files=files)
    assert param_of(answer) == "file"
    assert "send one" in answer.json()["error"]["message"]


async def test_unknown_model_is_404(http: httpx.AsyncClient) -> None:
    for name in ("nobody", "piper", "openvoice_v2"):
        answer = await upload(http, model=name)
        assert answer.status_code == 404
        assert answer.json()["error"]["param"] == "model"


async def test_translation(http: httpx.AsyncClient, models: FakeClient) -> None:
    answer = await upload(http, TRANSLATIONS, prompt="A speech.", temperature="0.5")
    assert answer.json() == {"text": TEXT}
    (request,) = models.requests
    assert (request.translate, request.prompt, request.temperature) == (True, "A speech.", 0.5)


async def test_verbose_translation_is_english(http: httpx.AsyncClient) -> None:
    answer = (await upload(http, TRANSLATIONS, response_format="verbose_json")).json()
    assert (answer["task"], answer["language"]) == ("translate", "english")
    assert len(answer["segments"]) == 2


async def test_a_translation_s_language_is_that_of_the_recording(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = await upload(http, TRANSLATIONS, language="de-AT", stream="true")
    assert answer.json() == {"text": TEXT}
    assert answer.headers["x-ignored-parameters"] == "stream"
    assert (models.requests[0].language, models.requests[0].translate) == ("de", True)


async def test_a_task_of_faster_whisper_s_translates(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = await upload(http, task="translate", response_format="verbose_json")
    assert (answer.json()["task"], answer.json()["language"]) == ("translate", "english")
    assert models.requests[0].translate


# What hints ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("model", "language", "prompt", "response_format", "temperature", "stream", "hotwords"),
        *("vad_filter", "beam_size", "chunking_strategy", "languages[]", "keywords[]"),
        *("timestamp_granularities[]", "include[]", "user", "colour"),
    ],
)
@pytest.mark.parametrize("nothing", ["", "None", "null", "undefined"])
async def test_unset_is_the_default(
    http: httpx.AsyncClient, models: FakeClient, name: str, nothing: str
) -> None:
    answer = await upload(http, **{name: nothing})
    assert answer.json() == {"text": TEXT, "usage": {"type": "duration", "seconds": 3.0}}
    assert "x-ignored-parameters" not in answer.headers
    (request,) = models.requests
    assert (request.language, request.languages, request.prompt) == (None, None, None)
    assert (request.hotwords, request.vad_filter, request.beam_size) == (None, True, 5)


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"colour": "blue"}, "colour"),
        ({"user": "me", "seed": "1", "diarize": "true"}, "user, seed, diarize"),
        ({"known_speaker_names[]": "me"}, "known_speaker_names"),
        ({"known_speaker_references[]": "data:,"}, "known_speaker_references"),
        ({"chunking_strategy": "by_eye"}, "chunking_strategy"),
        ({"chunking_strategy[type]": "server_vad"}, None),
        ({"chunking_strategy[type]": "server_vad", "chunking_strategy[threshold]": "0.4"}, None),
        ({"chunking_strategy": '{"type": "semantic_vad"}'}, "chunking_strategy"),
        ({"num_speakers": "2"}, "num_speakers"),
        ({"timestamp_granularities[]": "segment"}, "timestamp_granularities"),
        ({"timestamp_granularities[]": ["word", "segment"]}, "timestamp_granularities"),
        ({"include[]": "item.sound"}, "include"),
        ({"beam_size": "40"}, "beam_size"),
        ({"language": "de", "languages[]": ["en"]}, "languages"),
        ({"na\r\nme: \u1234": "x"}, "na?0D?0Ame???"),
    ],
)
@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe"])
async def test_what_has_no_effect_is_named(
    http: httpx.AsyncClient, model: str, fields: dict[str, Any], ignored: str | None
) -> None:
    answer = await upload(http, model=model, **fields)
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == TEXT
    assert answer.headers.get("x-ignored-parameters") == ignored


async def test_a_format_that_cannot_be_streamed_is_sent_whole(http: httpx.AsyncClient) -> None:
    answer = await upload(http, response_format="srt", stream="true")
    assert answer.text.startswith("1\n00:00:00,000 --> 00:00:00,900\n")
    assert answer.headers["x-ignored-parameters"] == "stream"


async def test_settings_of_faster_whisper_s_servers_are_honoured(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    for vad_filter in ("false", "true", "False"):
        fields = {"vad_filter": vad_filter, "hotwords": "Kennedy", "beam_size": "1"}
        answer = await upload(http, **fields)
        assert answer.status_code == 200
        assert "x-ignored-parameters" not in answer.headers
    assert [request.vad_filter for request in models.requests] == [False, True, False]
    assert {(r.hotwords, r.beam_size) for r in models.requests} == {("Kennedy", 1)}


async def test_of_a_long_prompt_the_end_counts(http: httpx.AsyncClient, models: FakeClient) -> None:
    prompt = " ".join(f"word{number}" for number in range(1000))
    assert len(prompt) > 5000
    assert (await upload(http, prompt=prompt)).status_code == 200
    kept = models.requests[0].prompt
    assert len(kept) > 1000
    assert prompt.endswith(kept)


async def test_of_many_keywords_the_first_count_whole(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    words = [f"keyword {number}" for number in range(250)]
    assert (await upload(http, **{"keywords[]": words})).status_code == 200
    kept = models.requests[0].hotwords.split(", ")
    assert len(kept) > 50
    assert kept == words[: len(kept)]


@pytest.mark.parametrize(
    ("spellings", "among"),
    [
        (["en", "de"], "en,de"),
        (["en-US", "German", "eng"], "en,de"),
        (["nb-NO", "iw"], "no,he"),
        (["en", "auto"], None),
        ("en, de", "en,de"),
        ('["en","de"]', "en,de"),
    ],
)
@pytest.mark.parametrize("name", ["languages[]", "languages"])
async def test_several_languages_are_detected_among(
    http: httpx.AsyncClient,
    models: FakeClient,
    name: str,
    spellings: list[str] | str,
    among: str | None,
) -> None:
    answer = await upload(http, model="gpt-transcribe", **{name: spellings})
    assert answer.status_code == 200, answer.text
    assert (models.requests[0].language, models.requests[0].languages) == (None, among)
    assert answer.json()["languages"] == [{"code": "en"}]


async def test_log_probabilities_of_the_words(http: httpx.AsyncClient, models: FakeClient) -> None:
    answer = await upload(http, model="gpt-4o-transcribe", **{"include[]": "logprobs"})
    assert "x-ignored-parameters" not in answer.headers
    logprobs = answer.json()["logprobs"]
    assert "".join(one["token"] for one in logprobs) == TEXT
    assert b"".join(bytes(one["bytes"]) for one in logprobs) == TEXT.encode()
    assert {one["logprob"] for one in logprobs} == {math.log(0.9)}
    assert models.requests[0].word_timestamps


async def test_log_probabilities_of_a_stream_come_with_its_end(http: httpx.AsyncClient) -> None:
    answer = await upload(http, stream="true", **{"include[]": "logprobs"})
    events = [json.loads(block.removeprefix("data: ")) for block in answer.text.split("\n\n")[:-1]]
    assert "".join(one["token"] for one in events[-1]["logprobs"]) == TEXT


async def test_without_a_model_the_one_that_answers_to_openai_s_names_writes(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = await http.post(PATH, files={"file": ("a.wav", wav(), "audio/wav")})
    assert answer.json()["text"] == TEXT
    assert models.models == ["whisper"]


async def test_an_unknown_model_is_answered_with_those_that_work(http: httpx.AsyncClient) -> None:
    message = (await upload(http, model="nobody")).json()["error"]["message"]
    assert "available: whisper; aliases: whisper-1" in message


# HSE ----------------------------------------------------------------------------------------


async def ask(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await http.post(PATH, json={"model": "whisper", "input_audio": wav_base64()} | fields)


async def test_hse_answers_nulls_when_nothing_is_asked(http: httpx.AsyncClient) -> None:  # A1
    answer = (await ask(http)).json()
    assert set(answer) == {"id", "model", "created", "text", "language", "timestamps"}
    assert re.fullmatch(r"stt-[0-9a-f]{32}", answer["id"])
    assert (answer["text"], answer["language"], answer["timestamps"]) == (TEXT, None, None)


async def test_hse_language_and_timestamps(http: httpx.AsyncClient) -> None:  # A2
    answer = (await ask(http, get_language=True, get_timestamps=True)).json()
    assert answer["language"] == "en"
    first, second = answer["timestamps"]
    assert set(first) == {
        *("id", "seek", "start", "end", "text", "tokens", "avg_logprob", "compression_ratio"),
        *("no_speech_prob", "words", "temperature"),
    }
    assert first["words"] is None
    assert first["start"] <= first["end"] <= second["start"]


async def test_hse_silence_is_empty_text(http: httpx.AsyncClient) -> None:  # A3
    silence = wav_bytes(Audio(np.zeros(80_000, np.float32), 16_000))
    answer = await ask(http, input_audio=as_base64(silence), get_timestamps=True)
    assert answer.status_code == 200
    assert (answer.json()["text"], answer.json()["timestamps"]) == ("", [])


async def test_hse_toolchains_do_not_transcribe(http: httpx.AsyncClient) -> None:  # A4
    answer = await ask(http, model="openvoice_v2")
    assert answer.status_code == 404
    assert answer.json()["type"] == "NotFoundError"


@pytest.mark.parametrize(
    "data", ["", "%%%", "data:audio/wav;base64,", as_base64(b"not audio"), "AAA"]
)
async def test_hse_bad_audio_is_400(http: httpx.AsyncClient, data: str) -> None:  # A5
    answer = await ask(http, input_audio=data)
    assert answer.status_code == 400
    assert "input_audio" in answer.json()["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"get_language": "maybe"}'])
async def test_hse_bad_json_is_400(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(PATH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["object"] == "error"


# Both ---------------------------------------------------------------------------------------


async def test_too_long_a_recording_is_refused_while_decoding(models: FakeClient) -> None:
    async with browser(make_app(models, max_audio_s=2)) as http:
        uploaded = await upload(http)
        posted = await ask(http)
    assert (uploaded.status_code, uploaded.json()["error"]["param"]) == (413, "file")
    assert (posted.status_code, posted.json()["type"]) == (413, "PayloadTooLargeError")
    assert not models.calls


async def test_too_large_a_file_is_refused(models: FakeClient) -> None:
    async with browser(make_app(models, max_audio_mb=1)) as http:
        assert (await upload(http, data=wav(40))).status_code == 413
        assert (await ask(http, input_audio=wav_base64(40))).status_code == 413
        assert (await upload(http, data=wav(30))).status_code == 200
