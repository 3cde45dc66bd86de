"""POST /v1/audio/speech in HSE's dialect; names in comments are rows of the compatibility test."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import httpx
import numpy as np
import pytest
from fake_client import RESTORED_RATE, SECONDS_PER_CHARACTER, FakeClient
from ingress_app import as_base64, browser, heard, make_app, wav_base64

from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import Unroutable
from contract.tasks import RestoreAudioInput, SpeakInput, SpeechSegment, SynthesizeInput
from ingress.encoding import AudioFormat

PATH = "/v1/audio/speech"
TEXT = "Hello to everybody."


def body(**changes: Any) -> dict[str, Any]:
    plain = {"model": "piper", "input": TEXT, "mode": "single_speaker_tts"}
    return plain | {"language": "EN", "voice": "joe"} | changes


def cloning(**changes: Any) -> dict[str, Any]:
    clone = {"model": "openvoice_v2", "mode": "voice_cloning", "voice": "EN-Newest"}
    return body(**(clone | {"input_audio": wav_base64()} | changes))


def check_flat_error(answer: httpx.Response, status: int, kind: str) -> str:
    error = answer.json()
    assert answer.status_code == status, answer.text
    assert set(error) == {"object", "message", "type", "param", "code"}
    assert (error["object"], error["type"], error["param"]) == ("error", kind, None)
    assert error["code"] == status
    return str(error["message"])


async def test_answer_is_json_with_a_base64_wav(http: httpx.AsyncClient) -> None:  # T1
    answer = (await http.post(PATH, json=body())).json()
    assert set(answer) == {"id", "model", "created", "data"}
    assert re.fullmatch(r"tts-[0-9a-f]{32}", answer["id"])
    assert (answer["model"], type(answer["created"])) == ("piper", int)
    data = base64.b64decode(answer["data"], validate=True)
    assert data[:4] == b"RIFF"
    channels, bits = data[22], data[34]
    assert (channels, bits) == (1, 16)
    assert heard(data).duration_s == pytest.approx(SECONDS_PER_CHARACTER * len(TEXT), abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({}, "mode"),  # T2
        (body(mode=""), "mode"),
        (body(mode="singing"), "mode"),
        (body(language=None), "language"),  # T4
        (body(language="XX"), "language"),
        (body(language="en"), "language"),
        (body(voice=None), "voice"),  # T5
        (body(voice="nobody"), "voice"),
        (body(generation_options={"speed": "fast"}), "generation_options.speed"),  # T23
        (body(generation_options={"speed": 9}), "speed"),
        (body(generation_options={"top_k": 5}), "generation_options.top_k"),  # T24
        (body(generation_options={"style": 1}), "generation_options.style"),
        (body(generation_options={"pitch": 1.2}), "pitch"),
        (body(output_options={"format": "midi"}), "output_options.format"),
        (body(output_options={"sample_rate": 100}), "output_options.sample_rate"),
        (body(input=""), "input"),  # T28
        (body(input=None), "input"),
        (body(input="word " * 20_000), "input"),
        (body(mode="voice_cloning"), "mode"),
        (body(input_audio=wav_base64()), "input_audio"),
        (cloning(input_vad_mode="ears"), "input_vad_mode"),
        (cloning(input_audio="not base64!"), "input_audio"),
        (cloning(input_audio=as_base64(b"no audio at all")), "input_audio"),
        (cloning(input_embedding=as_base64(b"short")), "input_embedding"),  # E5
        (cloning(input_vad_data="{"), "input_vad_data"),
        (cloning(input_vad_data='{"segments": []}'), "input_vad_data"),
        (cloning(input_vad_data='{"segments": [{"start": 2, "end": 1}]}'), "input_vad_data"),
        (body(post_generation_filters=[{"model": "nobody"}]), "post_generation_filters"),
        (body(pre_processing_filters=[{"model": "voicefixer"}]), "pre_processing_filters"),
    ],
)
async def test_refusals_are_flat_and_name_the_field(
    http: httpx.AsyncClient, models: FakeClient, wrong: dict[str, Any], word: str
) -> None:
    answer = await http.post(PATH, json=wrong)
    message = check_flat_error(answer, 400, "BadRequestError")
    assert word in message
    assert "/" not in message.replace("/v1/audio/vad", "")
    assert not models.calls


async def test_unknown_model_is_404(http: httpx.AsyncClient) -> None:  # T3
    for name in ("nobody", "chatterbox", "kitten-tts-mini", "whisper", "ov2-tone-converter"):
        answer = await http.post(PATH, json=body(model=name))
        assert name in check_flat_error(answer, 404, "NotFoundError")


async def test_mode_is_checked_before_the_model(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=body(model="nobody", mode="singing"))
    check_flat_error(answer, 400, "BadRequestError")


async def test_language_id_is_language(http: httpx.AsyncClient, models: FakeClient) -> None:  # T6
    asked = body(language_id="EN")
    del asked["language"]
    assert (await http.post(PATH, json=asked)).status_code == 200
    assert models.requests[0].language == "EN"


async def test_an_unnamed_language_may_be_left_out(  # T21
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    for language in (None, "default"):
        asked = body(model="piper-nameless", voice="one", language=language)
        assert (await http.post(PATH, json=asked)).status_code == 200
    assert [(r.language, r.voice) for r in models.requests] == [(None, "one")] * 2


async def test_preset_voice_of_a_toolchain(http: httpx.AsyncClient, models: FakeClient) -> None:
    asked = body(model="openvoice_v2", voice="EN-Newest")  # T7
    assert (await http.post(PATH, json=asked)).status_code == 200
    (request,) = models.requests
    assert isinstance(request, SpeakInput)
    assert (request.mode, request.language, request.voice) == (
        "single_speaker_tts",
        "EN",
        "EN-Newest",
    )
    assert request.reference_audio is None


async def test_cloning_hands_the_reference_on_and_tells_the_steps(  # T8
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    answer = await http.post(PATH, json=cloning(), headers={"x-speech-steps": "true"})
    assert answer.status_code == 200
    (request,) = models.requests
    assert request.mode == "voice_cloning"
    assert request.reference_audio.duration_s == pytest.approx(3.0, abs=0.01)
    steps = answer.headers["x-speech-steps"].split(", ")
    assert steps == ["decode", "base-speech", "tone", "openvoice_v2", "encode"]
    assert "openvoice_v2;dur=" in answer.headers["server-timing"]


async def test_steps_are_told_only_when_asked(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=cloning())
    assert "server-timing" not in answer.headers


async def test_cloning_with_an_embedding_of_the_embed_endpoint(  # T9
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    asked = {"model": "openvoice_v2", "input_audio": wav_base64()}
    data = (await http.post("/v1/embed/speaker", json=asked)).json()["data"]
    answer = await http.post(PATH, json=cloning(input_audio=None, input_embedding=data))
    assert answer.status_code == 200
    embedding = models.requests[-1].embedding
    assert isinstance(embedding, Embedding)
    assert (embedding.family, embedding.vector.shape) == ("openvoice_v2", (256,))


async def test_an_embedding_of_hse_stays_sealed(  # E5
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    pickled = as_base64(b"PK\x03\x04 anything that torch.save wrote")
    await http.post(PATH, json=cloning(input_audio=None, input_embedding=pickled))
    assert isinstance(models.requests[0].embedding, LegacyEmbedding)


WHISPER = {"text": "a b", "segments": [{"start": 0, "end": 2, "text": "a"}], "info": {}}
SILERO = {"speech_activity": True, "segments": [{"start": 16000, "end": 32000}]}
OURS_IN_SECONDS = {"timestamps": [{"start": 1, "end": 2}], "timestamps_unit": "seconds"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (json.dumps(WHISPER), SpeechSegment(0.0, 2.0, "a")),  # T10
        (json.dumps(SILERO), SpeechSegment(1.0, 2.0)),
        (json.dumps(OURS_IN_SECONDS), SpeechSegment(1.0, 2.0)),
        (OURS_IN_SECONDS, SpeechSegment(1.0, 2.0)),
        ('{"timestamps": [{"start": 1.0, "end": 2.5}]}', SpeechSegment(1.0, 2.5)),
    ],
)
async def test_segments_in_every_shape(
    http: httpx.AsyncClient, models: FakeClient, data: Any, expected: SpeechSegment
) -> None:
    assert (await http.post(PATH, json=cloning(input_vad_data=data))).status_code == 200
    assert models.requests[0].segments == (expected,)


@pytest.mark.parametrize("return_seconds", [False, True])
async def test_our_own_vad_answer_is_vad_data(  # T11
    http: httpx.AsyncClient, models: FakeClient, return_seconds: bool
) -> None:
    asked = {"model": "silero-vad", "input_audio": wav_base64(), "get_timestamps": True}
    vad = await http.post("/v1/audio/vad", json=asked | {"return_seconds": return_seconds})
    assert (await http.post(PATH, json=cloning(input_vad_data=vad.text))).status_code == 200
    assert models.requests[-1].segments == (SpeechSegment(0.5, 1.25), SpeechSegment(2.0, 2.75))


async def test_vad_mode_reaches_the_toolchain(  # T12
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    for mode in ("silero", "whisper", ""):
        await http.post(PATH, json=cloning(input_vad_mode=mode))
    assert [r.segment_source for r in models.requests] == ["silero", "whisper", None]


async def test_a_toolchain_s_refusal_names_hse_s_field(http: httpx.AsyncClient) -> None:  # T13
    answer = await http.post(PATH, json=cloning(input_audio=None))
    assert "input_embedding" in check_flat_error(answer, 400, "BadRequestError")


async def test_unroutable_is_400(http: httpx.AsyncClient, models: FakeClient) -> None:  # T14 T18
    models.failures["openvoice_v2"] = Unroutable("no MeloTTSSynthesizer is configured; add one")
    answer = await http.post(PATH, json=cloning())
    assert "MeloTTSSynthesizer" in check_flat_error(answer, 400, "BadRequestError")


async def test_speed(http: httpx.AsyncClient) -> None:  # T22
    seconds = []
    for speed in (0.5, 2.0):
        answer = await http.post(PATH, json=body(generation_options={"speed": speed}))
        seconds.append(heard(base64.b64decode(answer.json()["data"])).duration_s)
    assert seconds[0] / seconds[1] == pytest.approx(4, rel=0.05)


async def test_zero_and_null_count_as_not_given(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    options = {"speed": 0, "pitch": 0.0, "style": 0, "top_k": None, "norm_loudness": False}
    assert (await http.post(PATH, json=body(generation_options=options))).status_code == 200
    assert models.requests[0].speed == 1.0


async def test_manner_and_seed_reach_a_toolchain(
    http: httpx.AsyncClient, models: FakeClient
) -> None:  # T31
    options = {"speed": 1.5, "pitch": 0.9, "energy": 1.1, "seed": 0}
    await http.post(PATH, json=cloning(generation_options=options))
    request = models.requests[0]
    assert (request.speed, request.pitch, request.energy, request.seed) == (1.5, 0.9, 1.1, 0)


@pytest.mark.parametrize("file_format", list(AudioFormat))
async def test_output_format_and_rate(  # T25
    http: httpx.AsyncClient, file_format: AudioFormat
) -> None:
    options = {"format": file_format, "sample_rate": 8000}
    answer = await http.post(PATH, json=body(output_options=options))
    data = base64.b64decode(answer.json()["data"])
    expected_s = SECONDS_PER_CHARACTER * len(TEXT)
    if file_format is AudioFormat.PCM:
        assert len(data) / 2 / 8000 == pytest.approx(expected_s, abs=0.01)
        return
    audio = heard(data)
    assert audio.duration_s == pytest.approx(expected_s, abs=0.2)
    # Opus decoders always give 48 kHz, so its rate cannot be seen from outside.
    assert audio.sample_rate == (48_000 if file_format is AudioFormat.OPUS else 8000)


async def test_stream_is_the_bare_file(http: httpx.AsyncClient, models: FakeClient) -> None:  # T26
    asked = body(input="One is here. Two is there.", output_options={"stream": True})
    answer = await http.post(PATH, json=asked)
    assert answer.headers["content-type"] == "audio/wav"
    assert heard(answer.content).duration_s == pytest.approx(25 * SECONDS_PER_CHARACTER, abs=0.01)
    assert len(models.calls) == 2


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_post_filters_restore_the_speech(  # T27
    http: httpx.AsyncClient, models: FakeClient, is_streamed: bool
) -> None:
    asked = body(
        post_generation_filters=[{"model": "voicefixer", "source_audio": ""}],
        output_options={"stream": is_streamed},
    )
    answer = await http.post(PATH, json=asked)
    data = answer.content if is_streamed else base64.b64decode(answer.json()["data"])
    assert heard(data).sample_rate == RESTORED_RATE
    assert [type(r) for r in models.requests] == [SynthesizeInput, RestoreAudioInput]


async def test_a_pause_is_not_restored(http: httpx.AsyncClient, models: FakeClient) -> None:
    """A restorer refuses a recording with nothing in it."""
    asked = body(input="...", post_generation_filters=[{"model": "voicefixer"}])
    answer = await http.post(PATH, json=asked)
    assert answer.status_code == 200, answer.text
    assert heard(base64.b64decode(answer.json()["data"])).duration_s == pytest.approx(0.25, abs=0.1)
    assert not models.requests


async def test_pre_filters_restore_the_reference(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    nested = {"model": "voicefixer", "pre_processing_filters": [{"model": "voicefixer"}]}
    await http.post(PATH, json=cloning(pre_processing_filters=[nested]))
    assert models.models == ["voicefixer", "voicefixer", "openvoice_v2"]
    assert models.requests[-1].reference_audio.sample_rate == RESTORED_RATE


async def test_long_text_is_spoken_in_parts(  # T28
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    text = "This sentence is about fifty characters in length. " * 200
    options = {"speed": 4}
    answer = await http.post(PATH, json=body(input=text, generation_options=options))
    assert answer.status_code == 200
    assert len(models.calls) > 5
    assert all(len(request.text) <= 1000 for request in models.requests)
    assert " ".join(request.text for request in models.requests) == text.strip()


async def test_short_text_is_spoken_at_once(http: httpx.AsyncClient, models: FakeClient) -> None:
    await http.post(PATH, json=body(input="One is here. Two is there."))
    assert [request.text for request in models.requests] == ["One is here. Two is there."]


async def test_unknown_keys_are_ignored_and_named(http: httpx.AsyncClient) -> None:  # T29
    options = {"speed": 1.0, "warmth": 3, "accent": None}
    answer = await http.post(PATH, json=body(colour="blue", user=None, generation_options=options))
    assert answer.status_code == 200
    assert answer.headers["x-ignored-parameters"] == "colour, generation_options.warmth"


@pytest.mark.parametrize("nothing", [None, "", "None", "null"])
async def test_unset_is_the_default(
    http: httpx.AsyncClient, models: FakeClient, nothing: str | None
) -> None:
    options = dict.fromkeys(("seed", "speed", "pitch", "style", "top_k"), nothing)
    output = dict.fromkeys(("format", "sample_rate", "stream"), nothing)
    unset = dict.fromkeys(("input_audio", "input_embedding", "input_vad_mode"), nothing)
    unset |= dict.fromkeys(("input_vad_data", "pre_processing_filters", "user"), nothing)
    asked = body(generation_options=options, output_options=output) | unset
    answer = await http.post(PATH, json=asked)
    assert answer.status_code == 200, answer.text
    assert "x-ignored-parameters" not in answer.headers
    assert heard(base64.b64decode(answer.json()["data"])).duration_s > 1
    assert models.requests[0].speed == 1.0


async def test_language_id_counts_where_language_is_null(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    assert (await http.post(PATH, json=body(language=None, language_id="EN"))).status_code == 200
    assert models.requests[0].language == "EN"


async def test_data_url_and_line_breaks_in_base64(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    text = wav_base64(0.5)
    wrapped = "\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    spellings = (text, f"data:audio/wav;base64,{text}", wrapped, text.rstrip("="))
    for spelling in spellings:
        assert (await http.post(PATH, json=cloning(input_audio=spelling))).status_code == 200
    samples = [request.reference_audio.samples for request in models.requests]
    assert all(np.array_equal(samples[0], other) for other in samples)


async def test_filters_are_refused_when_no_restorer_is_configured(models: FakeClient) -> None:
    config = (
        "model_configs: [{name: piper, model: x, model_type: PiperSynthesizer, language: EN, "
        "voices: [joe]}]"
    )
    async with browser(make_app(models, config=config)) as http:
        answer = await http.post(PATH, json=body(post_generation_filters=[{"model": "voicefixer"}]))
    message = check_flat_error(answer, 400, "BadRequestError")
    assert "post_generation_filters" in message
    assert "voicefixer" in message
