"""The four toolchains over HTTP, with real model types on synthetic checkpoints.

From the public API to the toolchains' process, from there to the predictors', and back. Names in
comments are rows of the compatibility test with HSE.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from clips import jfk
from hse_requests import (
    CLONERS,
    CONVERT_AUDIO,
    CONVERT_VOICE,
    EMBED,
    RATE,
    SPEECH,
    TEXT,
    answered,
    as_base64,
    embedding,
    heard,
    recording,
    sound,
    speech,
    steps,
)

pytestmark = pytest.mark.weights  # the speech finders are real
REFERENCE = recording()
PLAIN = {"mode": "single_speaker_tts"}
OPENVOICE = ("openvoice_v1", "openvoice_v2")
SYNTHESIZERS = {"openvoice_v1": "ov1-en", "openvoice_v2": "melo-en"}
RATES = {"harmonyspeech": 16_000, "openvoice_v1": 22_050, "openvoice_v2": 22_050}


def openvoice_steps(model: str, *finder: str) -> list[str]:
    """With `finder` or without, the predictors that clone a voice."""
    version = model.replace("openvoice_v", "ov")
    converter = f"{version}-tone-converter"
    return sorted([*finder, f"{converter}-encoder", SYNTHESIZERS[model], converter])


# Cloning ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", OPENVOICE)
async def test_a_recording_is_cloned_in_four_steps(api, model):  # T8
    answer = await answered(api, SPEECH, speech(model, input_audio=REFERENCE))
    assert steps(answer) == openvoice_steps(model, "whisper")
    spoken = heard(answer)
    assert spoken.sample_rate == RATES[model]
    assert 0.2 < spoken.duration_s < 30
    assert 0.001 < np.abs(spoken.samples).max() <= 1


async def test_harmonyspeech_clones_in_three_steps_at_16_khz(api):  # T16
    answer = await answered(api, SPEECH, speech("harmonyspeech", input_audio=REFERENCE))
    assert steps(answer) == ["hs1-encoder", "hs1-synthesizer", "hs1-vocoder"]
    assert heard(answer).sample_rate == 16_000
    assert np.abs(heard(answer).samples).max() == pytest.approx(0.97, abs=0.01)


@pytest.mark.parametrize("model", CLONERS)
async def test_an_embedding_is_the_same_voice_in_two_steps(api, model):  # T9 T16
    voice = await embedding(api, model, REFERENCE)
    reused = await answered(api, SPEECH, speech(model, input_embedding=voice))
    fresh = await sound(api, SPEECH, speech(model, input_audio=REFERENCE))
    assert len(steps(reused)) == 2
    np.testing.assert_array_equal(heard(reused).samples, fresh.samples)


@pytest.mark.parametrize("model", CLONERS)
async def test_another_voice_sounds_different(api, voices, model):
    one = await sound(api, SPEECH, speech(model, input_embedding=voices[model]))
    low = as_base64(np.repeat(jfk(RATE)[: 6 * RATE], 2))  # an octave down
    other = await sound(api, SPEECH, speech(model, input_audio=low, input_vad_mode="silero"))
    length = min(len(one.samples), len(other.samples))
    assert not np.array_equal(one.samples[:length], other.samples[:length])


async def test_harmonyspeech_speaks_with_an_embedding_in_either_mode(api, voices):  # T17
    voice = voices["harmonyspeech"]
    body = speech("harmonyspeech", input_embedding=voice)
    plain = await sound(api, SPEECH, body | PLAIN)
    np.testing.assert_array_equal(plain.samples, (await sound(api, SPEECH, body)).samples)


async def test_a_reference_of_33_s_with_several_segments(api):  # T19
    long = recording(repeats=3)
    asked = {"model": "whisper", "input_audio": long, "get_timestamps": True}
    found = (await answered(api, "/v1/audio/transcriptions", asked)).json()
    assert len(found["timestamps"]) >= 2
    given = {"input_vad_data": {"segments": found["timestamps"]}}
    for body in (
        speech("harmonyspeech", input_audio=long),
        speech("openvoice_v1", input_audio=long) | given,
        speech("openvoice_v2", input_audio=long),
    ):
        assert 0.2 < (await sound(api, SPEECH, body)).duration_s < 30


# Where the speech is ------------------------------------------------------------------------

WHISPER_SHAPE = {
    "text": "And so my fellow Americans, ask not what your country can do for you.",
    "segments": [
        {"start": 0.3, "end": 4.0, "text": " And so my fellow Americans, ask not"},
        {"start": 5.3, "end": 10.5, "text": " what your country can do for you."},
    ],
    "info": {"language": "en"},
}
SILERO_SHAPE = {
    "speech_activity": True,
    "segments": [{"start": 4800, "end": 64_000}, {"start": 84_800, "end": 168_000}],
}


@pytest.mark.parametrize("shape", [WHISPER_SHAPE, SILERO_SHAPE], ids=["whisper", "silero"])
@pytest.mark.parametrize("model", OPENVOICE)
async def test_vad_data_saves_the_search(api, model, shape):  # T10
    body = speech(model, input_audio=REFERENCE, input_vad_data=json.dumps(shape))
    answer = await answered(api, SPEECH, body)
    assert steps(answer) == openvoice_steps(model)
    assert heard(answer).duration_s > 0.2


async def test_harmonyspeech_hears_only_the_speech_it_is_told_of(api):
    body = speech("harmonyspeech", input_audio=REFERENCE)
    given = body | {"input_vad_data": {"segments": [{"start": 0.3, "end": 4.0, "text": " And so"}]}}
    whole, part = await sound(api, SPEECH, body), await sound(api, SPEECH, given)
    length = min(len(whole.samples), len(part.samples))
    assert not np.array_equal(whole.samples[:length], part.samples[:length])


@pytest.mark.parametrize("return_seconds", [False, True])
@pytest.mark.parametrize("model", OPENVOICE)
async def test_our_vad_answer_is_what_silero_mode_finds(api, model, return_seconds):  # T11 T12
    asked = {"model": "silero-vad", "input_audio": REFERENCE, "get_timestamps": True}
    vad = await answered(api, "/v1/audio/vad", asked | {"return_seconds": return_seconds})
    given = await answered(
        api, SPEECH, speech(model, input_audio=REFERENCE, input_vad_data=vad.text)
    )
    found = await answered(
        api, SPEECH, speech(model, input_audio=REFERENCE, input_vad_mode="silero")
    )
    assert steps(given) == openvoice_steps(model)
    assert steps(found) == openvoice_steps(model, "silero-vad")
    np.testing.assert_allclose(heard(given).samples, heard(found).samples, atol=0.01)


# Preset voices ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", OPENVOICE)
async def test_a_preset_voice_takes_one_step(api, model):  # T7
    answer = await answered(api, SPEECH, speech(model, **PLAIN))
    assert steps(answer) == [SYNTHESIZERS[model]]
    by_name = await sound(api, SPEECH, speech(model, **PLAIN) | {"model": SYNTHESIZERS[model]})
    np.testing.assert_array_equal(heard(answer).samples, by_name.samples)  # T1


TEXTS = {
    "EN": TEXT,
    "ES": "¡Hola mundo! ¿Qué tal?",
    "FR": "Bonjour à tous, il est huit heures.",
    "ZH": "早上好，大家好。",
    "JP": "私は東京でラーメンを食べました。",
    "KR": "안녕하세요, 만나서 반갑습니다.",
}


async def test_languages_of_one_toolchain_are_on_one_card(api):  # L6
    cards = {card["id"]: card for card in (await api.get(f"{SPEECH}/models")).json()["data"]}
    listed = {model: [one["language"] for one in cards[model]["languages"]] for model in OPENVOICE}
    assert listed == {
        "openvoice_v1": ["EN", "ZH"],
        "openvoice_v2": ["EN", "ES", "FR", "ZH", "JP", "KR"],
    }


@pytest.mark.parametrize("mode", ["single_speaker_tts", "voice_cloning"])
async def test_every_advertised_voice_speaks(api, voices, mode):  # L7
    spoken: dict[str, int] = {}
    for card in (await api.get(f"{SPEECH}/models")).json()["data"]:
        if mode not in card["modes"] or not card["languages"]:
            continue
        clone = {"input_embedding": voices[card["id"]]} if mode == "voice_cloning" else {}
        for language in card["languages"]:
            for voice in language["voices"]:
                body = {
                    "model": card["id"],
                    "mode": mode,
                    "input": TEXTS[language["language"]],
                    "language": language["language"],
                    "voice": voice["voice"],
                }
                audio = await sound(api, SPEECH, body | clone)
                assert audio.duration_s > 0.2, body
                spoken[card["id"]] = spoken.get(card["id"], 0) + 1
    assert (spoken["openvoice_v1"], spoken["openvoice_v2"]) == (10, 10)


# Manner -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", CLONERS)
async def test_half_speed_is_four_times_as_long_as_double_speed(api, voices, model):  # T22
    body = speech(model, input_embedding=voices[model])
    slow, fast = [
        (await sound(api, SPEECH, body | {"generation_options": {"speed": speed}})).duration_s
        for speed in (0.5, 2.0)
    ]
    assert slow / fast == pytest.approx(4, rel=0.2)


@pytest.mark.parametrize("model", CLONERS)
async def test_a_seed_repeats_the_bytes(api, voices, model):  # T31
    body = speech(model, input_embedding=voices[model])

    async def data(seed: int) -> str:
        answer = await answered(api, SPEECH, body | {"generation_options": {"seed": seed}})
        return str(answer.json()["data"])

    assert await data(7) == await data(7)
    if model in OPENVOICE:  # harmonyspeech draws no random numbers
        assert await data(7) != await data(8)


@pytest.mark.parametrize("model", CLONERS)
async def test_a_long_text_is_spoken_whole(api, voices, model):  # T28
    body = speech(model, input_embedding=voices[model])
    once = await sound(api, SPEECH, body)
    often = await sound(api, SPEECH, body | {"input": f"{TEXT} " * 10})
    assert often.duration_s / once.duration_s == pytest.approx(10, rel=0.2)


async def test_speech_is_restored_after_it_is_made(api):  # T27
    body = speech("openvoice_v2", **PLAIN)
    plain = await sound(api, SPEECH, body)
    restored = await sound(
        api, SPEECH, body | {"post_generation_filters": [{"model": "voicefixer"}]}
    )
    assert restored.sample_rate == 44_100
    assert restored.duration_s == pytest.approx(plain.duration_s, rel=0.05)


# Embeddings ---------------------------------------------------------------------------------


async def test_every_listed_model_embeds(api):  # E1 E3
    listed = (await api.get("/v1/embed/models")).json()["data"]
    assert {card["id"] for card in listed} == {"hs1-encoder", *CLONERS}
    for card in listed:
        answer = await answered(api, EMBED, {"model": card["id"], "input_audio": REFERENCE})
        assert answer.json()["id"].startswith("emb-")
        assert len(answer.json()["data"]) > 40


@pytest.mark.parametrize("model", CLONERS)
async def test_the_same_recording_twice_is_embedded_once(pods, model):  # E2
    async with pods.ingress(cache_mb=16) as api:
        body = {"model": model, "input_audio": REFERENCE}
        first, second = [await api.post(EMBED, json=body) for _ in range(2)]
    assert "x-speech-cache" not in first.headers
    assert second.headers["x-speech-cache"] == model
    assert second.json()["data"] == first.json()["data"]


# Converting and restoring -------------------------------------------------------------------


@pytest.mark.parametrize("model", OPENVOICE)
async def test_a_target_recording_converts_like_its_embedding(api, voices, model):  # C1 C2
    source = recording(3.0, start_s=3.0)
    body = {"model": model, "source_audio": source, "generation_options": {"seed": 1}}
    by_recording = await answered(api, CONVERT_VOICE, body | {"target_audio": REFERENCE})
    voice = voices[model]
    by_voice = await answered(api, CONVERT_VOICE, body | {"target_embedding": voice})
    version = model.replace("openvoice_v", "ov")
    assert steps(by_voice) == [f"{version}-tone-converter"]
    assert len(steps(by_recording)) == 3
    assert by_voice.json()["id"].startswith("vc-")
    assert heard(by_voice).duration_s == pytest.approx(3.0, abs=0.05)
    np.testing.assert_array_equal(heard(by_voice).samples, heard(by_recording).samples)


async def test_a_recording_is_restored_to_44_khz_mono(api):  # R1
    body = {"model": "voicefixer", "source_audio": recording(3.0)}
    answer = await answered(api, CONVERT_AUDIO, body)
    assert steps(answer) == ["voicefixer-restorer", "voicefixer-vocoder"]
    assert answer.json()["id"].startswith("ac-")
    assert heard(answer).sample_rate == 44_100
    assert heard(answer).duration_s == pytest.approx(3.0, rel=0.01)
    assert np.abs(heard(answer).samples).max() > 0.001


async def test_70_seconds_are_restored_to_the_same_length(api):  # R2
    body = {"model": "voicefixer", "source_audio": recording(10.0, repeats=7)}
    restored = await sound(api, CONVERT_AUDIO, body)
    assert restored.duration_s == pytest.approx(70, rel=0.01)
    seconds = restored.samples[: 69 * 44_100].reshape(69, -1)
    assert np.abs(seconds).max(axis=1).min() > 0  # no part was lost


async def test_a_restorer_alone_is_not_offered(api):  # R3
    body = {"model": "voicefixer-restorer", "source_audio": REFERENCE}
    assert (await api.post(CONVERT_AUDIO, json=body)).status_code == 404
