"""Bad input to the four toolchains: a 400 that names the client's field, and models that stay up.

Through the public api, and by V2 at a predictor's own port. Names in comments are rows of the
compatibility test with HSE.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from hostile_files import Planted, saved
from hse_requests import (
    CLONERS,
    CONVERT_AUDIO,
    CONVERT_VOICE,
    EMBED,
    RATE,
    SPEECH,
    as_base64,
    heard,
    recording,
    refusal,
    sound,
    speech,
)
from spoiled_models import PROOF
from toolchain_pods import Pods

from contract.embedding import Embedding, embedding_from_bytes

pytestmark = pytest.mark.weights
OPENVOICE = ("openvoice_v1", "openvoice_v2")
REFERENCE = recording()
PLAIN = {"mode": "single_speaker_tts"}


@pytest.fixture(scope="module", autouse=True)
def _still_up(pods: Pods) -> Iterator[None]:
    """After all refusals the processes that began still run, and every model is ready."""
    yield
    assert pods.predictors.process.poll() is None
    assert pods.toolchains.process.poll() is None
    for entry in pods.config.model_configs:
        url = f"{pods.predictors.url}/v2/models/{entry.name}/ready"
        assert httpx.get(url).is_success, entry.name


def silence(seconds: float) -> str:
    return as_base64(np.zeros(int(seconds * RATE), np.float32))


def hum(seconds: float) -> str:
    time_s = np.arange(int(seconds * RATE)) / RATE
    return as_base64((0.1 * np.sin(2 * np.pi * 50 * time_s)).astype(np.float32))


def not_finite(seconds: float) -> str:
    """A WAV file of 32-bit floats, all NaN."""
    data = np.full(int(seconds * RATE), np.nan, "<f4").tobytes()
    head = (
        b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    )
    numbers = ((3, 2), (1, 2), (RATE, 4), (4 * RATE, 4), (4, 2), (32, 2))
    head += b"".join(value.to_bytes(size, "little") for value, size in numbers)
    return base64.b64encode(head + b"data" + len(data).to_bytes(4, "little") + data).decode()


# What makes no sense together ---------------------------------------------------------------


@pytest.mark.parametrize("model", CLONERS)
async def test_cloning_nobody(api, model):  # T13 T18
    message = await refusal(api, SPEECH, speech(model))
    assert "input_audio" in message
    assert "embedding" in message


async def test_harmonyspeech_without_a_voice(api):  # T18
    assert "input_audio" in await refusal(api, SPEECH, speech("harmonyspeech", **PLAIN))


@pytest.mark.parametrize("model", OPENVOICE)
async def test_a_preset_voice_and_a_reference(api, model):  # T14
    message = await refusal(api, SPEECH, speech(model, input_audio=REFERENCE, **PLAIN))
    assert "input_audio" in message


@pytest.mark.parametrize("model", CLONERS)
async def test_two_voices(api, voices, model):  # T15
    voice = voices[model]
    body = speech(model, input_audio=REFERENCE, input_embedding=voice)
    assert "input_embedding" in await refusal(api, SPEECH, body)


@pytest.mark.parametrize("model", OPENVOICE)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("language", wrong) for wrong in (None, "XX", "en")),
        *(("voice", wrong) for wrong in (None, "nobody")),
    ],
)
async def test_unknown_language_or_voice(api, model, field, value):  # T4 T5
    assert field in await refusal(api, SPEECH, speech(model, **PLAIN) | {field: value})


@pytest.mark.parametrize("model", CLONERS)
@pytest.mark.parametrize("text", ["", "\N{EGYPTIAN HIEROGLYPH A001}"])
async def test_text_without_a_speakable_symbol(api, voices, model, text):
    voice = voices[model]
    message = await refusal(api, SPEECH, speech(model, input=text, input_embedding=voice))
    assert "input" in message


@pytest.mark.parametrize("model", CLONERS)
async def test_a_mark_alone_is_a_moment_of_silence(api, voices, model):
    asked = speech(model, input="\N{SNOWMAN}", input_embedding=voices[model])
    answer = await api.post(SPEECH, json=asked)
    assert answer.status_code == 200, answer.text
    assert heard(answer).duration_s == pytest.approx(0.25, abs=0.01)
    assert not heard(answer).samples.any()


# Recordings ---------------------------------------------------------------------------------

BAD_RECORDINGS = {
    "too short": recording(0.2, start_s=1.0),
    "silent": silence(3.0),
    "no numbers": not_finite(3.0),
}


@pytest.mark.parametrize("audio", BAD_RECORDINGS.values(), ids=BAD_RECORDINGS)
@pytest.mark.parametrize("model", CLONERS)
async def test_a_reference_that_tells_nothing(api, model, audio):  # T20
    for finder in ("whisper", "silero") if model in OPENVOICE else (None,):
        body = speech(model, input_audio=audio, input_vad_mode=finder)
        assert "input_audio" in await refusal(api, SPEECH, body)
    assert "input_audio" in await refusal(api, EMBED, {"model": model, "input_audio": audio})


@pytest.mark.parametrize("finder", ["whisper", "silero"])
@pytest.mark.parametrize("model", OPENVOICE)
async def test_a_reference_without_speech(api, model, finder):  # T20
    body = speech(model, input_audio=hum(3.0), input_vad_mode=finder)
    message = await refusal(api, SPEECH, body)
    assert "input_audio" in message
    assert "speech" in message


@pytest.mark.parametrize("model", OPENVOICE)
async def test_vad_data_that_points_nowhere(api, model):
    beyond = json.dumps({"segments": [{"start": 100.0, "end": 110.0, "text": " Hello there."}]})
    body = speech(model, input_audio=REFERENCE, input_vad_data=beyond)
    assert "input_audio" in await refusal(api, SPEECH, body)


@pytest.mark.parametrize("audio", BAD_RECORDINGS.values(), ids=BAD_RECORDINGS)
async def test_a_target_that_tells_nothing(api, audio):
    body = {"model": "openvoice_v2", "source_audio": REFERENCE, "target_audio": audio}
    assert "target_audio" in await refusal(api, CONVERT_VOICE, body)


@pytest.mark.parametrize(
    "audio",
    [silence(2.0), not_finite(2.0), recording(0.01, start_s=1.0)],
    ids=["silent", "no numbers", "too short"],
)
async def test_a_source_that_holds_no_sound(api, voices, audio):
    voice = voices["openvoice_v2"]
    body = {"model": "openvoice_v2", "source_audio": audio, "target_embedding": voice}
    assert "source_audio" in await refusal(api, CONVERT_VOICE, body)
    restoring = {"model": "voicefixer", "source_audio": audio}
    assert "source_audio" in await refusal(api, CONVERT_AUDIO, restoring)


# Embeddings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("model", CLONERS)
@pytest.mark.parametrize("other", CLONERS)
async def test_an_embedding_of_another_family_is_refused_with_both_names(
    api, voices, model, other
):  # E4
    voice = voices[other]
    body = speech(model, input_embedding=voice)
    if model == other:
        assert (await sound(api, SPEECH, body)).duration_s > 0.2
        return
    message = await refusal(api, SPEECH, body)
    assert "input_embedding" in message
    assert model in message
    assert other in message
    if model in OPENVOICE:
        body = {"model": model, "source_audio": REFERENCE, "target_embedding": voice}
        message = await refusal(api, CONVERT_VOICE, body)
        assert "target_embedding" in message
        assert model in message
        assert other in message


def vector_of(text: str) -> np.ndarray[Any, Any]:
    made = embedding_from_bytes(base64.b64decode(text))
    assert isinstance(made, Embedding)
    return made.vector


@pytest.mark.parametrize("model", OPENVOICE)
async def test_a_file_of_torch_save_is_the_same_voice(api, voices, model):  # E5
    voice = voices[model]
    old = saved(torch.from_numpy(vector_of(voice)).reshape(1, -1, 1))
    by_old, by_new = [
        await sound(api, SPEECH, speech(model, input_embedding=one))
        for one in (base64.b64encode(old).decode(), voice)
    ]
    np.testing.assert_array_equal(by_old.samples, by_new.samples)


async def test_a_bare_vector_is_a_harmonyspeech_voice(api, voices):
    voice = voices["harmonyspeech"]
    bare = base64.b64encode(vector_of(voice).tobytes()).decode()
    by_bare, by_new = [
        await sound(api, SPEECH, speech("harmonyspeech", input_embedding=one))
        for one in (bare, voice)
    ]
    np.testing.assert_array_equal(by_bare.samples, by_new.samples)


@pytest.mark.parametrize("model", CLONERS)
async def test_code_in_an_embedding_is_not_executed(api, model, tmp_path: Path):  # E5
    proof = tmp_path / "executed"
    hostile = base64.b64encode(saved(Planted(proof))).decode()
    assert "input_embedding" in await refusal(api, SPEECH, speech(model, input_embedding=hostile))
    if model in OPENVOICE:
        body = {"model": model, "source_audio": REFERENCE, "target_embedding": hostile}
        assert "target_embedding" in await refusal(api, CONVERT_VOICE, body)
    assert not proof.exists()


@pytest.mark.parametrize("model", CLONERS)
async def test_embeddings_that_are_no_voice(api, voices, model):
    def tagged(vector: Any) -> bytes:
        return Embedding(model, np.asarray(vector, np.float32)).to_bytes()

    voice = base64.b64decode(voices[model])
    hostile = {
        "truncated": voice[:-3],
        "no numbers": tagged(np.full_like(vector_of(base64.b64encode(voice).decode()), np.nan)),
        "empty": tagged([]),
        "another size": tagged(np.ones(5)),
        "huge numbers": tagged(np.full(vector_of(base64.b64encode(voice).decode()).shape, 1e30)),
        "a torch file of a list": saved([1.0, 2.0]),
        "half a torch file": saved(torch.zeros(1, 8, 1))[:100],
        "text": b"hello",
    }
    for kind, data in hostile.items():
        body = speech(model, input_embedding=base64.b64encode(data).decode())
        assert "input_embedding" in await refusal(api, SPEECH, body), kind


# By V2 at the predictors ----------------------------------------------------------------------


async def infer(pods, model: str, *tensors: dict[str, Any], **parameters: Any) -> httpx.Response:
    url = f"{pods.predictors.url}/v2/models/{model}/infer"
    body = json.dumps({"inputs": tensors, "parameters": parameters})  # with NaN as Python spells it
    async with httpx.AsyncClient(timeout=60) as http:
        return await http.post(url, content=body, headers={"content-type": "application/json"})


def floats(name: str, shape: list[int], value: Any = 0.1, **parameters: Any) -> dict[str, Any]:
    return {
        "name": name,
        "datatype": "FP32",
        "shape": shape,
        "data": [value] * int(np.prod(shape)),
        "parameters": parameters,
    }


def text(value: str) -> dict[str, Any]:
    return {"name": "text", "datatype": "BYTES", "shape": [1], "data": [value]}


VOCODERS = {"hs1-vocoder": 80, "voicefixer-vocoder": 128}


@pytest.mark.parametrize("model", VOCODERS)
@pytest.mark.parametrize(
    ("bands", "frames", "value"),
    [(0, 0, 0.1), (None, 0, 0.1), (7, 10, 0.1), (None, 10, float("nan"))],
    ids=["nothing", "zero length", "other bands", "NaN"],
)
async def test_mels_that_are_none(pods, model, bands, frames, value):
    shape = [VOCODERS[model] if bands is None else bands, frames]
    answer = await infer(pods, model, floats("mel", shape, value))
    _check_named(answer, "mel")
    good = await infer(pods, model, floats("mel", [VOCODERS[model], 10]))
    assert good.status_code == 200, good.text


@pytest.mark.parametrize("model", VOCODERS)
async def test_a_mel_whose_numbers_do_not_fill_its_shape(pods, model):
    mel = floats("mel", [VOCODERS[model], 10]) | {"data": [0.1] * 7}
    _check_named(await infer(pods, model, mel), "mel")


@pytest.mark.parametrize("pauses", [[11.0], [-1.0, 11.0], [0.5, 9.5]])
async def test_pauses_that_do_not_fit_the_mel(pods, pauses):
    tensor = {"name": "pauses", "datatype": "FP32", "shape": [len(pauses)], "data": pauses}
    answer = await infer(pods, "hs1-vocoder", floats("mel", [80, 10]), tensor)
    _check_named(answer, "pauses")


@pytest.mark.parametrize(
    ("value", "dims", "family"),
    [
        (float("nan"), 256, "harmonyspeech"),
        (0.1, 8, "harmonyspeech"),
        (0.1, 0, "harmonyspeech"),
        (0.1, 256, "openvoice_v2"),
    ],
)
async def test_embeddings_that_do_not_fit(pods, value, dims, family):
    voice = floats("embedding", [dims], value, family=family, version=1)
    _check_named(await infer(pods, "hs1-synthesizer", text("Hello."), voice), "embedding")


@pytest.mark.parametrize("model", ["melo-en", "ov1-en"])
@pytest.mark.parametrize(
    ("said", "parameters", "param"),
    [
        ("Hello.", {"language": "FR"}, "language"),
        ("Hello.", {"voice": "nobody"}, "voice"),
        ("\N{SNOWMAN}", {}, "text"),
        ("Hello.", {"speed": 0.0}, "speed"),
        ("Hello.", {"noise_scale": -1.0}, "noise_scale"),
    ],
)
async def test_synthesizers_name_what_they_cannot_do(pods, model, said, parameters, param):
    _check_named(await infer(pods, model, text(said), **parameters), param)


def _check_named(answer: httpx.Response, param: str) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert param in answer.text
    assert "Traceback" not in answer.text


LISTENERS = ("hs1-encoder", "ov1-tone-converter-encoder", "ov2-tone-converter-encoder")
LISTENERS += ("voicefixer-restorer",)


@pytest.mark.parametrize("model", LISTENERS)
@pytest.mark.parametrize(
    "audio",
    [silence(2.0), not_finite(2.0), recording(0.01, start_s=1.0), "aGVsbG8=", "", "?"],
    ids=["silent", "NaN", "too short", "no recording", "empty", "no base64"],
)
async def test_recordings_that_are_none(pods, model, audio):
    tensor = {"name": "audio", "datatype": "BYTES", "shape": [1], "data": [audio]}
    _check_named(await infer(pods, model, tensor), "audio")


@pytest.mark.parametrize("model", ["ov1-tone-converter", "ov2-tone-converter"])
@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"source_language": "XX"}, "source_language"),
        ({"source_voice": "nobody"}, "source_voice"),
        ({"tau": -1.0}, "tau"),
    ],
)
async def test_converters_name_what_they_cannot_do(pods, model, parameters, param):
    family = model.replace("ov", "openvoice_v").removesuffix("-tone-converter")
    voice = floats("target_embedding", [8], family=family, version=1)
    audio = {"name": "audio", "datatype": "BYTES", "shape": [1], "data": [recording(1.0)]}
    _check_named(await infer(pods, model, audio, voice, **parameters), param)
    good = await infer(pods, model, audio, voice)
    assert good.status_code == 200, good.text


# Checkpoints ----------------------------------------------------------------------------------


SPOILED = {
    "truncated-melottssynthesizer": "checkpoint.pth",
    "pickled-code-voicefixervocoder": "run code",
    "pickled-code-harmonyspeechencoder": "run code",
    "pickled-code-openvoicev2toneconverter": "run code",
    "no-torch-file-openvoicev1toneconverter": "checkpoint.pth",
    "another-family-melo": "OpenVoiceV1Synthesizer",
    "another-family-voicefixer": "another family (VoiceFixerRestorer)",
}


@pytest.mark.parametrize(("model", "words"), SPOILED.items(), ids=SPOILED)
async def test_a_spoiled_checkpoint_stops_its_own_model_only(pods, model, words):
    """The operator's error, not the caller's: 503 that says what is wrong with which file."""
    answer = await infer(pods, model, text("Hello."))
    assert answer.status_code == 503, answer.text
    assert words in answer.text
    assert "/tmp" not in answer.text
    assert not list(pods.predictors.log_file.parent.rglob(PROOF))
