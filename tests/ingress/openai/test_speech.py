"""POST /v1/audio/speech in OpenAI's dialect, over plain HTTP."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import wave
from typing import Any

import httpx
import pytest
from fake_client import RATE, SECONDS_PER_CHARACTER, FakeClient
from fastapi import FastAPI
from ingress_app import CONFIG, browser, duration_of, heard, make_app, pcm_heard

from contract.errors import ConnectionLost, ModelFailed, QueueFull
from contract.tasks import SpeakInput, SynthesizeInput
from ingress.encoding import AudioFormat

PATH = "/v1/audio/speech"
TWO = "The first sentence is here. And then comes the second one."


def body(**changes: Any) -> dict[str, Any]:
    return {"model": "tts-1", "voice": "alloy", "input": "Hello to everybody."} | changes


def events(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


async def test_default_format_is_mp3(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=body())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/mpeg"
    expected_s = SECONDS_PER_CHARACTER * len(body()["input"])
    assert heard(answer.content).duration_s == pytest.approx(expected_s, abs=0.15)


@pytest.mark.parametrize("file_format", list(AudioFormat))
@pytest.mark.parametrize("text", ["Only one sentence.", TWO])
async def test_every_format_plays_for_as_long_as_was_spoken(
    http: httpx.AsyncClient, file_format: AudioFormat, text: str
) -> None:
    answer = await http.post(PATH, json=body(input=text, response_format=file_format))
    assert answer.headers["content-type"] == file_format.content_type
    characters = len(text.replace(". ", "."))  # the space between sentences is not spoken
    expected_s = SECONDS_PER_CHARACTER * characters
    assert duration_of(answer.content, file_format) == pytest.approx(expected_s, abs=0.15)


async def test_one_sentence_is_a_complete_file_with_its_length(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=body(response_format="wav"))
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert int.from_bytes(answer.content[4:8], "little") == len(answer.content) - 8


async def test_the_beginning_of_the_first_sentence_goes_out_by_itself(
    http: httpx.AsyncClient,
) -> None:
    """So that a listener need not wait until a long sentence is encoded."""
    text = "This first sentence is a good deal longer than half a second of speech. And the second."
    answer = await http.post(
        PATH, json=body(input=text, response_format="pcm", stream_format="sse")
    )
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
    sounds = [base64.b64decode(event.get("audio", "")) for event in map(json.loads, lines)]
    assert 0.3 < pcm_heard(sounds[0], 24_000) <= 0.5
    expected_s = SECONDS_PER_CHARACTER * (len(text) - 1)
    assert pcm_heard(b"".join(sounds), 24_000) == pytest.approx(expected_s, abs=0.05)


async def test_pcm_is_24_khz(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=body(response_format="pcm"))
    expected_s = SECONDS_PER_CHARACTER * len(body()["input"])
    assert pcm_heard(answer.content, 24_000) == pytest.approx(expected_s, abs=0.02)


@pytest.mark.parametrize(("speed", "factor"), [(0.25, 4.0), (0.5, 2.0), (2.0, 0.5), (4.0, 0.25)])
async def test_speed_reaches_the_model(
    http: httpx.AsyncClient, speed: float, factor: float
) -> None:
    answer = await http.post(PATH, json=body(speed=speed, response_format="wav"))
    expected_s = factor * SECONDS_PER_CHARACTER * len(body()["input"])
    assert heard(answer.content).duration_s == pytest.approx(expected_s, abs=0.02)


@pytest.mark.parametrize(
    ("voice", "spoken"),
    [("joe", "joe"), ("amy", "amy"), ("narrator", "amy"), ("alloy", "joe"), ("ash", "amy")],
)
async def test_voices_aliases_and_openai_names(
    http: httpx.AsyncClient, models: FakeClient, voice: str, spoken: str
) -> None:
    for spelled in (voice, {"id": voice}):
        assert (await http.post(PATH, json=body(voice=spelled))).status_code == 200
    assert [request.voice for request in models.requests] == [spoken, spoken]
    assert {request.language for request in models.requests} == {"EN"}


@pytest.mark.parametrize(
    ("model", "called"),
    [("piper", "piper"), ("tts-1", "piper"), ("gpt-4o-mini-tts", "piper")],
)
async def test_models_aliases_and_openai_names(
    http: httpx.AsyncClient, models: FakeClient, model: str, called: str
) -> None:
    await http.post(PATH, json=body(model=model))
    assert models.models == [called]


@pytest.mark.parametrize(
    ("model", "voice", "called", "spoken"),
    [
        ("tts-1", "echo", "piper-nameless", "one"),
        ("tts-1", "ECHO", "piper-nameless", "one"),
        ("tts-1", "alloy", "piper", "joe"),
        ("tts-1", "narrator", "piper", "amy"),
        ("tts-1", "lost", "piper", None),
        ("piper", "echo", "piper", "joe"),
        ("piper-nameless", "echo", "piper-nameless", "one"),
    ],
)
async def test_the_alias_of_a_voice_beats_the_alias_of_a_model(
    models: FakeClient, model: str, voice: str, called: str, spoken: str | None
) -> None:
    config = CONFIG.replace("{narrator: amy}", "{narrator: amy, echo: one, lost: nobody}")
    async with browser(make_app(models, config=config)) as http:
        answer = await http.post(PATH, json=body(model=model, voice=voice))
    if spoken is None:
        assert answer.json()["error"]["param"] == "voice"
    else:
        assert answer.status_code == 200, answer.text
        assert models.models == [called]
        assert models.requests[0].voice == spoken


async def test_openai_names_go_to_the_configured_default(models: FakeClient) -> None:
    app = make_app(models, default_speech_model="piper-nameless")
    async with browser(app) as http:
        await http.post(PATH, json=body(model="tts-1-hd"))
    assert models.models == ["piper-nameless"]
    assert models.requests[0].voice == "one"
    assert models.requests[0].language is None


async def test_toolchain_speaks_the_language_of_the_voice(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    assert (await http.post(PATH, json=body(model="my-voice", voice="FR"))).status_code == 200
    (request,) = models.requests
    assert isinstance(request, SpeakInput)
    assert (request.language, request.voice, request.mode) == ("FR", "FR", "single_speaker_tts")


async def test_a_language_narrows_the_choice_of_voices(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    await http.post(PATH, json=body(model="openvoice_v2", language="FR"))
    assert (models.requests[0].language, models.requests[0].voice) == ("FR", "FR")
    answer = await http.post(PATH, json=body(model="openvoice_v2", voice="FR", language="EN"))
    assert answer.json()["error"]["param"] == "voice"


@pytest.mark.parametrize("voice", [None, "", [], {}, {"id": ""}, {"id": None}, {"id": "None"}])
async def test_a_voice_without_a_name_is_the_first(
    http: httpx.AsyncClient, models: FakeClient, voice: Any
) -> None:
    assert (await http.post(PATH, json=body(voice=voice))).status_code == 200
    assert models.requests[0].voice == "joe"


@pytest.mark.parametrize("voice", [3, ["joe"], {"id": 3}, {"id": {"id": "joe"}}, {"name": "joe"}])
async def test_what_is_no_voice_is_refused_by_the_field_s_name(
    http: httpx.AsyncClient, voice: Any
) -> None:
    answer = await http.post(PATH, json=body(voice=voice))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "voice"
    assert "a name, or an object with the id" in error["message"]


async def test_an_unknown_voice_is_answered_with_every_alias_once(models: FakeClient) -> None:
    config = CONFIG.replace("{narrator: amy}", "{alloy: joe, ash: amy, narrator: amy}")
    async with browser(make_app(models, config=config)) as http:
        answer = await http.post(PATH, json=body(voice="bob"))
    aliases = answer.json()["error"]["message"].partition("aliases: ")[2].split(", ")
    assert {"alloy", "ash", "narrator", "cedar"} <= set(aliases)
    assert len(aliases) == len(set(aliases))


@pytest.mark.parametrize("language", ["auto", "Auto-detect", "und", "multilingual"])
async def test_any_language_is_that_of_the_voice(
    http: httpx.AsyncClient, models: FakeClient, language: str
) -> None:
    answer = await http.post(PATH, json=body(model="my-voice", voice="FR", language=language))
    assert answer.status_code == 200, answer.text
    assert (models.requests[0].language, models.requests[0].voice) == ("FR", "FR")


@pytest.mark.parametrize("seed", [-1, "-1"])
async def test_a_seed_of_minus_one_is_none(
    http: httpx.AsyncClient, models: FakeClient, seed: int | str
) -> None:
    assert (await http.post(PATH, json=body(seed=seed))).status_code == 200
    assert [r.seed for r in models.requests if isinstance(r, SynthesizeInput)] == [None]


async def test_sentences_are_spoken_one_by_one(http: httpx.AsyncClient, models: FakeClient) -> None:
    text = "Dr. Smith is here. He has 3.5 apples! Who wants one?"
    await http.post(PATH, json=body(input=text, seed=7))
    assert [request.text for request in models.requests] == [
        "Doctor Smith is here.",
        "He has three point five apples!",
        "Who wants one?",
    ]
    assert all(isinstance(r, SynthesizeInput) and r.seed == 7 for r in models.requests)


async def test_first_audio_leaves_before_the_last_sentence_is_spoken() -> None:
    """Sentence 3 of 3 is held back; the bytes of the first have arrived all the same."""
    models = FakeClient(gate=asyncio.Event(), before_gate=2)
    listener = Listener(make_app(models), body(input=f"{TWO} This is the third.", voice="joe"))
    await listener.until(lambda: len(listener.data) > 1000)
    assert len(models.finished) == 2
    assert models.gate is not None
    models.gate.set()
    await listener.task
    assert len(models.finished) == 3


async def test_only_one_sentence_is_spoken_ahead_of_a_slow_listener() -> None:
    models = FakeClient()
    text = " ".join(f"This is sentence number {number}." for number in range(8))
    listener = Listener(make_app(models), body(input=text, response_format="pcm"), is_slow=True)
    await listener.until(lambda: len(listener.data) > 0)
    await asyncio.sleep(0.1)
    assert len(models.calls) == 2
    listener.may_read.set()
    await listener.task
    assert len(models.calls) == 8


async def test_client_gone_mid_stream_cancels_the_pending_sentence() -> None:
    models = FakeClient(gate=asyncio.Event(), before_gate=1)
    listener = Listener(make_app(models), body(input=TWO, response_format="pcm"))
    await listener.until(lambda: len(listener.data) > 0 and len(models.calls) == 2)
    listener.hang_up.set()
    await asyncio.wait_for(listener.task, 30)
    assert models.cancelled == ["And then comes the second one."]


async def test_client_gone_before_the_first_byte_cancels_the_call() -> None:
    models = FakeClient(gate=asyncio.Event())
    listener = Listener(make_app(models), body())
    await listener.until(lambda: len(models.calls) == 1)
    listener.hang_up.set()
    await asyncio.wait_for(listener.task, 30)
    assert models.cancelled == [body()["input"]]
    assert listener.status is None


async def test_sse_ends_with_usage_and_joins_to_one_file(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=body(input=TWO, stream_format="sse", response_format="wav"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = events(answer.text)
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    assert len(deltas) >= 2
    data = b"".join(base64.b64decode(delta["audio"]) for delta in deltas)
    audio = heard(data)
    assert audio.sample_rate == RATE
    assert audio.duration_s == pytest.approx(SECONDS_PER_CHARACTER * (len(TWO) - 1), abs=0.02)
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > len(TWO)


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_an_error_before_the_first_byte_has_its_status(
    http: httpx.AsyncClient, models: FakeClient, stream_format: str
) -> None:
    models.failures["piper"] = QueueFull("the queue is full", retry_after_s=2.2)
    answer = await http.post(PATH, json=body(input=TWO, stream_format=stream_format))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"
    assert answer.json()["error"]["code"] == "queue_full"


async def test_a_later_error_ends_the_events_visibly(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    models.failures["And then comes the second one."] = ModelFailed("the model failed")
    answer = await http.post(PATH, json=body(input=TWO, stream_format="sse"))
    assert answer.status_code == 200
    last = events(answer.text)[-1]
    assert (last["type"], last["error"]["code"]) == ("error", "model_failed")
    assert "speech.audio.done" not in answer.text


async def test_a_later_error_breaks_a_bare_stream_off(caplog: pytest.LogCaptureFixture) -> None:
    """The last chunk never comes, so a client cannot take what it has for the whole; the request's
    line in the log says why, and no trace stands beside it."""
    lost = ConnectionLost("piper went away while it worked on the request")
    models = FakeClient(failures={"And then comes the second one.": lost})
    listener = Listener(make_app(models), body(input=TWO, response_format="pcm"))
    with caplog.at_level(logging.INFO), pytest.raises(ConnectionLost):
        await listener.task
    (record,) = (one for one in caplog.records if one.name == "ingress.access")
    assert record.__dict__["fields"]["error"] == "connection_lost"
    assert not any(one.exc_info for one in caplog.records)
    assert listener.status == 200
    assert listener.data
    assert not listener.is_complete


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": " \n\t "}, "input"),
        ({"input": "\x00\x07\u200b"}, "input"),
        ({"input": "word " * 20_000}, "input"),
        ({"input": 5}, "input"),
        ({"voice": "nobody"}, "voice"),
        ({"voice": {"name": "alloy"}}, "voice"),
        ({"speed": 0.2}, "speed"),
        ({"speed": 4.1}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"response_format": "midi"}, "response_format"),
        ({"stream_format": "websocket"}, "stream_format"),
        ({"language": "XX"}, "language"),
        ({"sample_rate": 7_999}, "sample_rate"),
        ({"sample_rate": 48_001}, "sample_rate"),
        ({"sample_rate": "high"}, "sample_rate"),
    ],
)
async def test_refusals_name_the_field(
    http: httpx.AsyncClient, models: FakeClient, changes: dict[str, Any], param: str
) -> None:
    answer = await http.post(PATH, json=body(**changes))
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["param"].split(".")[0] == param
    assert param in error["message"]
    assert error["type"] == "invalid_request_error"
    assert not models.calls


@pytest.mark.parametrize("text", [".", "🎉🎉🎉", "…!?"])
@pytest.mark.parametrize("file_format", list(AudioFormat))
async def test_marks_without_words_are_a_moment_of_silence(
    http: httpx.AsyncClient, models: FakeClient, text: str, file_format: AudioFormat
) -> None:
    """As sentences of voice agents, and as a trial of a key, they are no fault of anybody's."""
    answer = await http.post(PATH, json=body(input=text, response_format=file_format))
    assert answer.status_code == 200, answer.text
    assert duration_of(answer.content, file_format) == pytest.approx(0.25, abs=0.1)
    assert not models.calls


async def test_silence_is_streamed_and_resampled_too(http: httpx.AsyncClient) -> None:
    asked = body(input="...", response_format="wav", sample_rate=16_000)
    assert heard((await http.post(PATH, json=asked)).content).sample_rate == 16_000
    sent = events((await http.post(PATH, json=asked | {"stream_format": "sse"})).text)
    assert sent[-1]["type"] == "speech.audio.done"


async def test_a_missing_field_is_named(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json={"model": "tts-1", "voice": "alloy"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "input"
    assert answer.json()["error"]["message"] == "input is required"


@pytest.mark.parametrize("model", ["nobody", "whisper", "silero-vad", "voicefixer", "../etc"])
async def test_unknown_or_unfit_models_are_404(http: httpx.AsyncClient, model: str) -> None:
    answer = await http.post(PATH, json=body(model=model))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"
    assert answer.json()["error"]["param"] == "model"


async def test_emoji_and_control_characters_are_not_spoken(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = await http.post(PATH, json=body(input="Hi\x00 there\u202e 🎉 friend."))
    assert answer.status_code == 200
    assert "".join(request.text for request in models.requests) == "Hi  there friend."


@pytest.mark.parametrize("instructions", ["Friendly.", "Whisper, please."])
async def test_instructions_are_ignored_and_named(
    http: httpx.AsyncClient, instructions: str
) -> None:
    answer = await http.post(PATH, json=body(instructions=instructions))
    assert answer.status_code == 200
    assert answer.headers["x-ignored-parameters"] == "instructions"


@pytest.mark.parametrize("instructions", ["", " ", "None", None])
async def test_empty_instructions_are_no_instructions(
    http: httpx.AsyncClient, instructions: str | None
) -> None:
    answer = await http.post(PATH, json=body(instructions=instructions))
    assert answer.status_code == 200
    assert "x-ignored-parameters" not in answer.headers


@pytest.mark.parametrize("text", ["None", "null"])
async def test_words_for_nothing_can_be_spoken(
    http: httpx.AsyncClient, models: FakeClient, text: str
) -> None:
    assert (await http.post(PATH, json=body(input=text))).status_code == 200
    assert models.requests[0].text == text


@pytest.mark.parametrize("name", ["model", "voice", "response_format", "speed", "stream_format"])
@pytest.mark.parametrize("nothing", [None, "", "None", "null", "undefined"])
async def test_unset_is_the_default(
    http: httpx.AsyncClient, models: FakeClient, name: str, nothing: str | None
) -> None:
    answer = await http.post(PATH, json=body(**{name: nothing}))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/mpeg"
    assert "x-ignored-parameters" not in answer.headers
    assert (models.models, models.requests[0].voice) == (["piper"], "joe")
    assert models.requests[0].speed == 1.0


@pytest.mark.parametrize(("model", "voice"), [("piper", "joe"), ("openvoice_v2", "EN-Newest")])
async def test_without_a_voice_the_model_s_first_speaks(
    http: httpx.AsyncClient, models: FakeClient, model: str, voice: str
) -> None:
    assert (await http.post(PATH, json={"model": model, "input": "Hi."})).status_code == 200
    assert models.requests[0].voice == voice


async def test_without_a_model_the_one_that_answers_to_openai_s_names_speaks(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    assert (await http.post(PATH, json={"input": "Hi.", "backend": "piper"})).status_code == 200
    assert models.models == ["piper"]


@pytest.mark.parametrize("model", [None, "tts-1", "TTS-1-1106", "tts-1-2026-02-01"])
async def test_an_alias_counts_for_every_spelling_of_its_name(
    models: FakeClient, model: str | None
) -> None:
    config = CONFIG.replace("tts-1: piper", "tts-1: melo-fr")
    async with browser(make_app(models, config=config)) as http:
        assert (await http.post(PATH, json=body(model=model))).status_code == 200
    assert models.models == ["melo-fr"]


@pytest.mark.parametrize("model", ["Piper", "TTS-1", "tts-1-1106", "gpt-4o-mini-tts-2026-03-01"])
async def test_models_in_any_case_and_of_any_day(
    http: httpx.AsyncClient, models: FakeClient, model: str
) -> None:
    assert (await http.post(PATH, json=body(model=model))).status_code == 200
    assert models.models == ["piper"]


@pytest.mark.parametrize(
    ("voice", "spoken"),
    [("Alloy", "joe"), ("ASH", "amy"), ("Joe", "joe"), ("AMY", "amy"), ("Narrator", "amy")],
)
async def test_voices_in_any_case(
    http: httpx.AsyncClient, models: FakeClient, voice: str, spoken: str
) -> None:
    for spelled in (voice, {"id": voice}):
        assert (await http.post(PATH, json=body(voice=spelled))).status_code == 200
    assert [request.voice for request in models.requests] == [spoken, spoken]


async def test_an_unknown_voice_is_answered_with_those_that_work(http: httpx.AsyncClient) -> None:
    error = (await http.post(PATH, json=body(voice="nobody"))).json()["error"]
    assert error["param"] == "voice"
    assert "'nobody'" in error["message"]
    for name in ("joe", "amy", "narrator", "alloy", "cedar"):
        assert name in error["message"].split("known: ")[1]


async def test_an_unknown_model_is_answered_with_those_that_work(http: httpx.AsyncClient) -> None:
    error = (await http.post(PATH, json=body(model="nobody"))).json()["error"]
    for name in ("piper", "openvoice_v2", "my-voice", "tts-1", "gpt-4o-mini-tts"):
        assert name in error["message"].split("available: ")[1]
    assert "whisper" not in error["message"]


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("en", "EN"), ("en-US", "EN"), ("English", "EN"), ("eng", "EN"), ("fr_FR", "FR")],
)
async def test_languages_in_any_spelling(
    http: httpx.AsyncClient, models: FakeClient, language: str, spoken: str
) -> None:
    asked = body(model="openvoice_v2", language=language)
    assert (await http.post(PATH, json=asked)).status_code == 200
    assert models.requests[0].language == spoken


@pytest.mark.parametrize(
    ("hint", "spoken", "ignored"),
    [("f", "FR", None), ("a", "EN", None), ("fr-fr", "FR", None), ("j", "EN", "lang_code")],
)
async def test_lang_code_is_a_hint(
    http: httpx.AsyncClient, models: FakeClient, hint: str, spoken: str, ignored: str | None
) -> None:
    answer = await http.post(PATH, json=body(model="openvoice_v2", lang_code=hint))
    assert answer.status_code == 200
    assert models.requests[0].language == spoken
    assert answer.headers.get("x-ignored-parameters") == ignored


@pytest.mark.parametrize(
    ("spelled", "content_type"),
    [
        *(("WAV", "audio/wav"), ("Mp3", "audio/mpeg"), ("audio/mpeg", "audio/mpeg")),
        *(("ogg", "audio/ogg"), ("audio/x-wav", "audio/wav"), ("raw", "audio/pcm")),
    ],
)
async def test_formats_in_any_spelling(
    http: httpx.AsyncClient, spelled: str, content_type: str
) -> None:
    answer = await http.post(PATH, json=body(response_format=spelled))
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)


@pytest.mark.parametrize(
    ("fields", "file_format", "rate", "ignored"),
    [
        ({"output_format": "wav"}, AudioFormat.WAV, RATE, None),
        ({"output_format": "mp3_44100_128"}, AudioFormat.MP3, 44_100, None),
        ({"output_format": "wav_16000", "sample_rate": 8_000}, AudioFormat.WAV, 8_000, None),
        ({"output_format": "wav_900"}, AudioFormat.WAV, RATE, None),
        ({"output_format": "mp3", "response_format": "wav"}, AudioFormat.WAV, RATE, True),
        ({"output_format": "surround"}, AudioFormat.MP3, RATE, True),
    ],
)
async def test_output_format_is_a_hint(
    http: httpx.AsyncClient,
    fields: dict[str, Any],
    file_format: AudioFormat,
    rate: int,
    ignored: bool | None,
) -> None:
    answer = await http.post(PATH, json=body(**fields))
    assert answer.headers["content-type"] == file_format.content_type
    assert heard(answer.content).sample_rate == rate
    assert answer.headers.get("x-ignored-parameters") == ("output_format" if ignored else None)


@pytest.mark.parametrize("rate", [8_000, 12_345, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("text", ["Only one sentence.", TWO])
@pytest.mark.parametrize("file_format", [AudioFormat.WAV, AudioFormat.PCM])
async def test_sound_comes_at_the_rate_asked_for(
    http: httpx.AsyncClient, file_format: AudioFormat, text: str, rate: int
) -> None:
    asked = body(input=text, response_format=file_format, sample_rate=rate)
    answer = await http.post(PATH, json=asked)
    expected_s = SECONDS_PER_CHARACTER * len(text.replace(". ", "."))
    if file_format is AudioFormat.PCM:
        assert pcm_heard(answer.content, rate) == pytest.approx(expected_s, abs=0.02)
    else:
        audio = heard(answer.content)
        assert audio.sample_rate == rate
        assert audio.duration_s == pytest.approx(expected_s, abs=0.02)


KOKORO = {
    "stream": True,
    "download_format": "mp3",
    "return_download_link": False,
    "lang_code": "a",
    "volume_multiplier": 1.5,
    "normalization_options": {"normalize": True, "unit_normalization": False},
    "allow_voice_tags": True,
    "voice_aliases": {"narrator": "af_heart"},
}


async def test_a_whole_body_of_kokoro_s_is_spoken_and_what_is_ignored_is_named(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post(PATH, json=body() | KOKORO)
    assert answer.status_code == 200
    assert heard(answer.content).duration_s > 0.5
    ignored = answer.headers["x-ignored-parameters"].split(", ")
    honoured = {"stream", "lang_code", "normalization_options"}
    unknown = [name for name in KOKORO if name not in honoured]
    assert ignored == [*unknown, "normalization_options.unit_normalization"]


async def test_kokoro_s_normalization_can_be_switched_off(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    for normalize in (True, False):
        options = {"normalization_options": {"normalize": normalize}}
        answer = await http.post(PATH, json=body(input="A **bold** word.") | options)
        assert answer.status_code == 200
    assert [request.text for request in models.requests] == ["A bold word.", "A **bold** word."]


def frames_of(data: bytes) -> int:
    with wave.open(io.BytesIO(data)) as file:
        return file.getnframes()


@pytest.mark.parametrize("stream", [None, False])
async def test_the_header_of_a_wav_counts_its_frames(
    http: httpx.AsyncClient, stream: bool | None
) -> None:
    """Strict readers trust it. The whole is known before the first byte is due."""
    answer = await http.post(PATH, json=body(input=TWO, response_format="wav", stream=stream))
    expected_s = SECONDS_PER_CHARACTER * (len(TWO) - 1)
    assert frames_of(answer.content) == pytest.approx(expected_s * RATE, abs=5)
    assert len(answer.content) == 44 + 2 * frames_of(answer.content)
    assert int.from_bytes(answer.content[4:8], "little") == len(answer.content) - 8
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_wav_that_takes_long_leaves_while_it_is_spoken() -> None:
    models = FakeClient(gate=asyncio.Event(), before_gate=1)
    listener = Listener(make_app(models), body(input=TWO, response_format="wav"))
    await listener.until(lambda: len(listener.data) > 1000)
    assert len(models.finished) == 1
    assert models.gate is not None
    models.gate.set()
    await listener.task
    expected_s = SECONDS_PER_CHARACTER * (len(TWO) - 1)
    assert heard(listener.data).duration_s == pytest.approx(expected_s, abs=0.02)


async def test_client_gone_while_a_whole_wav_is_hoped_for_cancels_the_sentence() -> None:
    models = FakeClient(gate=asyncio.Event(), before_gate=1)
    listener = Listener(make_app(models), body(input=TWO, response_format="wav"))
    await listener.until(lambda: len(models.calls) == 2)
    listener.hang_up.set()
    await asyncio.wait_for(listener.task, 30)
    assert models.cancelled == ["And then comes the second one."]


async def test_an_error_in_a_wav_s_second_sentence_has_its_status_if_nothing_has_left(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    models.failures["And then comes the second one."] = ModelFailed("the model failed")
    answer = await http.post(PATH, json=body(input=TWO, response_format="wav"))
    assert answer.status_code == 500


@pytest.mark.parametrize("file_format", list(AudioFormat))
async def test_stream_false_is_one_complete_file(
    http: httpx.AsyncClient, file_format: AudioFormat
) -> None:
    answer = await http.post(PATH, json=body(input=TWO, response_format=file_format, stream=False))
    assert int(answer.headers["content-length"]) == len(answer.content)
    expected_s = SECONDS_PER_CHARACTER * (len(TWO) - 1)
    assert duration_of(answer.content, file_format) == pytest.approx(expected_s, abs=0.15)


async def test_blocks_of_events_begin_with_their_data(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=body(input=TWO, stream_format="sse"))
    blocks = answer.text.removesuffix("\n\n").split("\n\n")
    assert len(blocks) >= 2
    assert all(block.startswith("data: {") and "\n" not in block for block in blocks)


async def test_a_sentence_without_end_is_cut(http: httpx.AsyncClient, models: FakeClient) -> None:
    text = "and so on, " * 300
    answer = await http.post(PATH, json=body(input=text, speed=4, response_format="pcm"))
    assert answer.status_code == 200
    assert all(len(request.text) <= 400 for request in models.requests)
    assert "".join(request.text for request in models.requests).count("and so on") == 300


class Listener:
    """An ASGI client that can be slow and can hang up, which HTTP libraries cannot."""

    def __init__(self, app: FastAPI, payload: dict[str, Any], *, is_slow: bool = False) -> None:
        self._payload = json.dumps(payload).encode()
        self._sent = False
        self.hang_up, self.may_read = asyncio.Event(), asyncio.Event()
        if not is_slow:
            self.may_read.set()
        self.status: int | None = None
        self.data = b""
        self.is_complete = False
        self.task = asyncio.ensure_future(app(self._scope(), self._receive, self._send))

    def _scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": b"",
            "headers": [(b"host", b"ingress"), (b"content-type", b"application/json")],
            "server": ("ingress", 80),
            "client": ("127.0.0.1", 1),
        }

    async def _receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._payload, "more_body": False}
        await self.hang_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.data += message["body"]
        self.is_complete = not message.get("more_body", False)
        if message["body"]:
            await self.may_read.wait()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(30):
            while not condition():
                assert not self.task.done() or condition(), self.task
                await asyncio.sleep(0.005)


async def test_markdown_is_read_as_words(http: httpx.AsyncClient, models: FakeClient) -> None:
    text = "Here is the **bold** text. ### A heading. * An item. [the guide](https://example.com)"
    answer = await http.post(PATH, json=body(input=text))
    assert answer.status_code == 200, answer.text
    said = " ".join(request.text for request in models.requests)
    assert said == "Here is the bold text. A heading. An item. the guide."


async def test_normalize_false_speaks_every_mark(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    await http.post(PATH, json=body(input="a **b**", normalize=False))
    assert [request.text for request in models.requests] == ["a **b**"]
