"""OpenVoice from checkpoints of the public layout: what a listener would notice, what a caller
reads, and the recorded results of the originals at full size."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synth_fill
import torch
from clips import jfk
from golden_weights import golden
from hostile_files import Planted, saved
from loaded_model import answered, loaded, only, refused
from synthetic_checkpoints import (
    FULL,
    vits_config,
    write_openvoice_v1,
    write_openvoice_v2,
    write_vits,
)

from contract.audio.codec import Audio
from contract.config import InvalidConfig
from contract.context import Priority
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidAudio, ModelFailed
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    SpeechSegment,
    SynthesizeInput,
)
from predictors.models.vits.openvoice import OpenVoiceV1Synthesizer
from predictors.models.vits.synthesis import MAX_RUN_IDS, Piece, SynthesisOptions
from predictors.models.vits.tone_converters import (
    OpenVoiceV1ToneConverter,
    OpenVoiceV1ToneConverterEncoder,
    OpenVoiceV2ToneConverter,
    OpenVoiceV2ToneConverterEncoder,
)
from predictors.runtime.direct import answers
from predictors.runtime.model import Prepared
from predictors.runtime.queue import Job, PassLimits, UnitQueue
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import CorruptWeights, WeightStore

RATE = 22_050
GAP = int(RATE * 0.05)
TEXT = "The quick brown fox jumps over the lazy dog."
LONG_TEXT = " ".join([TEXT] * 4)  # two pieces of two sentences
pytestmark = pytest.mark.usefixtures("torch_on_one_thread")


@pytest.fixture(scope="module")
def v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvoice_v1(tmp_path_factory.mktemp("v1"))


@pytest.fixture(scope="module")
def v2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvoice_v2(tmp_path_factory.mktemp("v2"))


def said(model: Any, text: str = TEXT, **parameters: Any) -> np.ndarray[Any, Any]:
    output = answered(model, SynthesizeInput(text, **parameters), AudioOutput)
    assert output.audio.sample_rate == RATE
    return output.audio.samples


# Base voices --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def english(v1: Path) -> OpenVoiceV1Synthesizer:
    return loaded(OpenVoiceV1Synthesizer, v1)


def test_speaks_within_full_scale_and_leaves_a_gap_after_every_sentence(english: Any):
    samples = said(english, LONG_TEXT)
    assert 0.01 < np.abs(samples).max() <= 1
    assert not samples[-GAP:].any()
    runs = np.split(samples, np.flatnonzero(np.diff(samples != 0)) + 1)
    gaps = [run for run in runs if len(run) >= GAP and not run.any()]
    assert len(gaps) == 2


def test_the_same_request_gives_the_same_sound_and_a_seed_another(english: Any):
    assert np.array_equal(said(english), said(english))
    assert np.array_equal(said(english), said(english, seed=0))  # the entry's
    assert not np.array_equal(said(english), said(english, seed=1))


def test_without_noise_the_seed_makes_no_difference(english: Any):
    quiet = {"noise_scale": 0.0, "noise_scale_w": 0.0}
    assert np.array_equal(said(english, seed=1, **quiet), said(english, seed=2, **quiet))


@pytest.mark.parametrize(
    "parameter", [{"noise_scale": 0.1}, {"noise_scale_w": 1.9}, {"sdp_ratio": 1.0}]
)
def test_every_parameter_is_heard(english: Any, parameter: dict[str, float]):
    assert not np.array_equal(said(english), said(english, **parameter))


def test_speed_shortens_speech_and_gaps(english: Any):
    fast = said(english, speed=2.0)
    assert 0.4 < len(fast) / len(said(english)) < 0.85  # durations are whole frames
    assert not fast[-(GAP // 2) :].any()
    assert fast[-GAP:].any()


def test_a_batch_gives_what_single_requests_give(english: Any):
    batch = [
        SynthesizeInput(LONG_TEXT, seed=3),
        SynthesizeInput("Yes.", speed=1.7, voice="sad"),
        SynthesizeInput("..."),
        SynthesizeInput(TEXT, noise_scale=0.0, noise_scale_w=0.1),
    ]
    together = answers(english, batch)
    for request, answer in zip(batch, together, strict=True):
        alone = only(answers(english, [request]))
        assert type(answer) is type(alone)
        if isinstance(alone, AudioOutput):
            np.testing.assert_allclose(answer.audio.samples, alone.audio.samples, atol=1e-4)


def test_a_batch_of_the_size_it_allows_is_one_pass(english: Any):
    """About two minutes of speech: what fits is not cut, what does not is."""
    (unit,) = english.prepare(SynthesizeInput(TEXT)).units
    assert unit.cost == len(unit.work.ids)
    most = int(MAX_RUN_IDS / unit.cost)
    limits = PassLimits(256, english.max_batch_cost, english.is_padded)
    queue = UnitQueue(ageing_s=0.0)
    nothing: Callable[..., None] = lambda *_: None  # noqa: E731  # three hooks, none of interest
    queue.put(Job([unit] * (most + 1), Priority.INTERACTIVE, nothing, nothing, nothing))
    assert [len(queue.take(limits)) for _ in range(2)] == [most, 1]


def test_styles_sound_different_and_names_are_spelled_freely(english: Any):
    assert not np.array_equal(said(english, voice="sad"), said(english, voice="default"))
    assert np.array_equal(said(english, voice="SAD"), said(english, voice="sad"))


def test_the_first_advertised_voice_is_the_default(english: Any, v1: Path):
    sad = loaded(OpenVoiceV1Synthesizer, v1, voices=("sad", "angry"))
    assert np.array_equal(said(sad), said(english, voice="sad"))


def test_speaks_chinese_with_the_other_checkpoint(v1: Path):
    chinese = loaded(OpenVoiceV1Synthesizer, v1, language="ZH")
    assert len(said(chinese, "你好，世界！", language="zh", voice="default")) > RATE // 10
    only(answers(chinese, [chinese.warm_up_request()]))


@pytest.mark.parametrize(
    ("request_", "param", "words"),
    [
        (SynthesizeInput(TEXT, voice="nobody"), "voice", "whispering"),
        (SynthesizeInput(TEXT, language="FR"), "language", "EN"),
        (SynthesizeInput("\N{SLIGHTLY SMILING FACE} ..."), "text", "English"),
    ],
)
def test_what_it_cannot_say_is_refused_by_field(
    english: Any, request_: SynthesizeInput, param: str, words: str
):
    refusal = refused(english, request_)
    assert refusal.param == param
    assert words in refusal.message


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"language": "FR"}, "EN, ZH"),
        ({"voices": ("sad", "nobody")}, "whispering"),
        ({"options": {"threads": 2}}, "threads"),
    ],
)
def test_a_configuration_it_cannot_serve_is_refused(v1: Path, entry: dict[str, Any], words: str):
    with pytest.raises(InvalidConfig, match=words):
        loaded(OpenVoiceV1Synthesizer, v1, **entry)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error_and_auto_does_without(v1: Path):
    with pytest.raises(ModelFailed, match="set device to cpu"):
        loaded(OpenVoiceV1Synthesizer, v1, device_config={"device": "cuda:0"})
    assert len(said(loaded(OpenVoiceV1Synthesizer, v1, device_config={"device": "auto"})))


def test_half_precision_keeps_the_rhythm_and_saves_memory(english: Any, v1: Path):
    half = loaded(OpenVoiceV1Synthesizer, v1, dtype="bfloat16")
    exact, rounded = said(english, seed=4), said(half, seed=4)
    assert len(rounded) == len(exact)
    assert np.corrcoef(exact, rounded)[0, 1] > 0.99
    assert half.size_bytes < english.size_bytes


def test_float16_on_a_cpu_is_float32_and_the_log_says_so(
    english: Any, v1: Path, caplog: pytest.LogCaptureFixture
):
    half = loaded(OpenVoiceV1Synthesizer, v1, dtype="half")
    assert np.array_equal(said(half), said(english))
    assert "float16 is slow on a CPU" in caplog.text


def test_loading_leaves_the_threads_of_the_process_alone(v1: Path):
    before = torch.get_num_threads()
    loaded(OpenVoiceV1Synthesizer, v1)
    assert torch.get_num_threads() == before


# Checkpoints that cannot be used --------------------------------------------------------------


Spoil = Callable[[Path, Path], object]


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the weights of a checkpoint in place."""
    path = folder / "checkpoint.pth"
    content = torch.load(path, weights_only=True)
    change(content["model"])
    torch.save(content, path)


SPOILED: dict[str, tuple[Spoil, str]] = {
    "truncated": (
        lambda folder, _: os.truncate(folder / "checkpoint.pth", 50_000),
        "damaged, incomplete",
    ),
    "no_torch_file": (
        lambda folder, _: (folder / "checkpoint.pth").write_bytes(b"\0" * 100),
        "damaged, incomplete",
    ),
    "pickled_code": (
        lambda folder, proof: (folder / "checkpoint.pth").write_bytes(
            saved({"model": Planted(proof)})
        ),
        "never loaded because it could run code",
    ),
    "other_container": (
        lambda folder, _: torch.save({"generator": {}}, folder / "checkpoint.pth"),
        "no entry 'model'",
    ),
    "missing_key": (
        lambda folder, _: rewrite(folder, lambda model: model.pop("dec.ups.0.bias")),
        "dec.ups.0.bias",
    ),
    "misshapen_key": (
        lambda folder, _: rewrite(
            folder, lambda model: model.update({"dec.conv_pre.bias": torch.zeros(3)})
        ),
        "dec.conv_pre.bias",
    ),
    "not_a_number": (
        lambda folder, _: rewrite(
            folder, lambda model: model["dec.conv_pre.bias"].fill_(float("nan"))
        ),
        "dec.conv_pre.bias holds NaN",
    ),
    "config_is_no_json": (
        lambda folder, _: (folder / "config.json").write_text("{"),
        "config.json is no JSON",
    ),
    "config_lacks_a_key": (
        lambda folder, _: (folder / "config.json").write_text('{"model": {"resblock": "1"}}'),
        "data.n_speakers",
    ),
    "config_describes_nothing": (
        lambda folder, _: edit_config(folder, lambda c: c["model"].update(n_heads=0)),
        "OpenVoiceV1Synthesizer",
    ),
    "no_speakers": (
        lambda folder, _: edit_config(folder, lambda c: c.pop("speakers")),
        "speakers",
    ),
    "speaker_out_of_range": (
        lambda folder, _: edit_config(folder, lambda c: c["speakers"].update(sad=99)),
        "speakers",
    ),
}


def edit_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_checkpoint_is_refused_with_words_and_without_paths(
    v1: Path, tmp_path: Path, kind: str
):
    spoil, words = SPOILED[kind]
    root, proof = tmp_path / "copy", tmp_path / "executed"
    shutil.copytree(v1, root)
    spoil(root / "checkpoints/base_speakers/EN", proof)
    with pytest.raises(ModelFailed, match="OpenVoiceV1Synthesizer") as failure:
        loaded(OpenVoiceV1Synthesizer, root)
    assert words in failure.value.message
    assert str(tmp_path) not in failure.value.message
    assert not proof.exists()


def test_a_checkpoint_of_another_family_names_this_one(v1: Path, tmp_path: Path):
    folder = tmp_path / "checkpoints/base_speakers/EN"
    write_vits(folder, "openvoice_v1_base_EN")
    shutil.copy(v1 / "checkpoints/converter/checkpoint.pth", folder)
    with pytest.raises(ModelFailed, match=r"OpenVoiceV1Synthesizer.*OpenVoice tone converter"):
        loaded(OpenVoiceV1Synthesizer, tmp_path)


def test_a_directory_of_another_layout_says_what_it_lacks(v2: Path):
    with pytest.raises(WeightsMissing, match="checkpoints/base_speakers/EN/config.json"):
        loaded(OpenVoiceV1Synthesizer, v2)


def test_weights_that_rot_in_memory_are_reported_as_such(v1: Path):
    model = loaded(OpenVoiceV1Synthesizer, v1)
    with torch.no_grad():
        model.synthesizer.network.dec.conv_pre.bias.fill_(float("nan"))
    with pytest.raises(CorruptWeights):
        answers(model, [SynthesizeInput(TEXT)])


# Hearing voices -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(v2: Path) -> OpenVoiceV2ToneConverterEncoder:
    return loaded(OpenVoiceV2ToneConverterEncoder, v2)


@pytest.fixture(scope="module")
def speech() -> Audio:
    return Audio(jfk(RATE), RATE)


def heard(model: Any, audio: Audio, *segments: SpeechSegment) -> np.ndarray[Any, Any]:
    output = only(answers(model, [EmbedSpeakerInput(audio, segments or None)]))
    assert isinstance(output, EmbedSpeakerOutput), output
    return output.embedding.vector


def test_an_embedding_names_its_family(encoder: Any, v1: Path, speech: Audio):
    output = only(answers(encoder, [EmbedSpeakerInput(speech)]))
    assert output.embedding.family == "openvoice_v2"
    assert output.embedding.vector.shape == (8,)
    first = loaded(OpenVoiceV1ToneConverterEncoder, v1)
    assert only(answers(first, [EmbedSpeakerInput(speech)])).embedding.family == "openvoice_v1"


def test_the_embedding_of_segments_is_the_mean_over_their_clips(encoder: Any, speech: Audio):
    segments = (SpeechSegment(0.5, 4.0, "And so my fellow"), SpeechSegment(5.0, 9.0, "ask not"))
    parts = [
        heard(encoder, Audio(speech.samples[round(a * RATE) : round(b * RATE)], RATE))
        for a, b in ((0.42, 4.08), (4.92, 9.08))
    ]
    np.testing.assert_allclose(heard(encoder, speech, *segments), np.mean(parts, axis=0), atol=1e-5)


def test_recordings_of_one_batch_do_not_hear_each_other(encoder: Any, speech: Audio):
    batch = [
        EmbedSpeakerInput(speech),
        EmbedSpeakerInput(Audio(np.zeros(RATE, np.float32), RATE)),
        EmbedSpeakerInput(Audio(speech.samples[: RATE * 2], RATE)),
    ]
    found = answers(encoder, batch)
    for request, answer in zip(batch, found, strict=True):
        alone = only(answers(encoder, [request]))
        assert type(answer) is type(alone)
        if isinstance(alone, EmbedSpeakerOutput):
            np.testing.assert_allclose(answer.embedding.vector, alone.embedding.vector, atol=1e-5)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(RATE, np.float32), "silent"),
        (np.ones(RATE // 4, np.float32), "0.25 s of speech"),
        (np.full(RATE, np.nan, np.float32), "not finite"),
        (np.ones(1, np.float32), "speech"),
    ],
)
def test_a_reference_that_tells_nothing_is_refused(encoder: Any, samples: Any, words: str):
    refusal = refused(encoder, EmbedSpeakerInput(Audio(samples, RATE)))
    assert isinstance(refusal, InvalidAudio)
    assert refusal.param == "audio"
    assert words in refusal.message


def test_converter_and_encoder_hold_one_copy_of_what_they_share(v2: Path):
    store = WeightStore()
    encoder = loaded(OpenVoiceV2ToneConverterEncoder, v2, store=store)
    converter = loaded(OpenVoiceV2ToneConverter, v2, store=store)
    again = loaded(OpenVoiceV2ToneConverter, v2, store=store)
    assert len(store.keys()) == 2
    assert converter.converter.network.ref_enc is encoder.encoder.network.ref_enc
    assert converter.converter.network is again.converter.network


# Changing voices ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def converter(v2: Path) -> OpenVoiceV2ToneConverter:
    return loaded(OpenVoiceV2ToneConverter, v2)


@pytest.fixture(scope="module")
def first_converter(v1: Path) -> OpenVoiceV1ToneConverter:
    return loaded(OpenVoiceV1ToneConverter, v1)


@pytest.fixture(scope="module")
def clip(speech: Audio) -> Audio:
    return Audio(speech.samples[: 2 * RATE], RATE)


def voice(name: str, family: str = "openvoice_v2") -> Embedding:
    return Embedding(family, synth_fill.signal(name, (8,), 0.3))


def converted(model: Any, audio: Audio, target: Any = None, **fields: Any) -> np.ndarray[Any, Any]:
    family = model.release.family
    request = ConvertVoiceInput(audio, target or voice("target", family), **fields)
    output = only(answers(model, [request]))
    assert isinstance(output, AudioOutput), output
    assert output.audio.sample_rate == RATE
    return output.audio.samples


def test_conversion_keeps_the_length_and_changes_the_voice(converter: Any, clip: Audio):
    samples = converted(converter, clip)
    assert 0 <= len(clip.samples) - len(samples) < 256
    assert 0.01 < np.abs(samples).max() <= 1
    assert not np.array_equal(samples, converted(converter, clip, voice("somebody else")))


def test_conversion_is_repeatable_by_seed(converter: Any, clip: Audio):
    assert np.array_equal(converted(converter, clip), converted(converter, clip, seed=0))
    assert not np.array_equal(converted(converter, clip), converted(converter, clip, seed=1))
    still = [converted(converter, clip, tau=0.0, seed=seed) for seed in (1, 2)]
    assert np.array_equal(*still)


def test_any_rate_is_converted_and_loud_recordings_are_tamed(converter: Any):
    samples = converted(converter, Audio(3 * jfk(44_100)[:44_100], 44_100))
    assert len(samples) == pytest.approx(RATE, abs=256)
    assert np.isfinite(samples).all()


@pytest.mark.parametrize(
    ("language", "name", "file"),
    [
        ("EN", "EN-US", "en-us"),
        ("EN", "en_india", "en-india"),
        (None, "EN-Default", "en-default"),
        ("ES", None, "es"),
        ("ZH_MIX_EN", "ZH", "zh"),
        ("ja", "JP", "jp"),
    ],
)
def test_v2_looks_a_base_speaker_up(
    converter: Any, v2: Path, clip: Audio, language: str | None, name: str | None, file: str
):
    vector = torch.load(v2 / f"base_speakers/ses/{file}.pth").flatten().numpy()
    given = converted(converter, clip, source_embedding=Embedding("openvoice_v2", vector))
    named = converted(converter, clip, source_language=language, source_voice=name)
    assert np.array_equal(given, named)


@pytest.mark.parametrize(
    ("language", "name", "file"),
    [
        ("EN", "default", "EN/en_default_se"),
        ("EN", "Whispering", "EN/en_style_se"),
        (None, "friendly", "EN/en_style_se"),
        ("ZH", "default", "ZH/zh_default_se"),
        ("ZH", None, "ZH/zh_default_se"),
    ],
)
def test_v1_looks_a_base_speaker_up(
    first_converter: Any,
    v1: Path,
    clip: Audio,
    language: str | None,
    name: str | None,
    file: str,
):
    vector = torch.load(v1 / f"checkpoints/base_speakers/{file}.pth").flatten().numpy()
    given = converted(first_converter, clip, source_embedding=Embedding("openvoice_v1", vector))
    named = converted(first_converter, clip, source_language=language, source_voice=name)
    assert np.array_equal(given, named)


def test_an_unnamed_source_is_heard_in_the_audio(converter: Any, encoder: Any, clip: Audio):
    source = Embedding("openvoice_v2", heard(encoder, clip))
    expected = converted(converter, clip, source_embedding=source)
    np.testing.assert_allclose(converted(converter, clip), expected, atol=1e-4)
    # English has six voices: the language alone does not say whose it is.
    np.testing.assert_allclose(
        converted(converter, clip, source_language="EN"), expected, atol=1e-4
    )


def test_a_batch_of_conversions_equals_single_ones(converter: Any, clip: Audio):
    batch = [
        ConvertVoiceInput(clip, voice("a"), tau=0.5, seed=1),
        ConvertVoiceInput(Audio(clip.samples[:9000], RATE), voice("b"), source_voice="es"),
        ConvertVoiceInput(clip, voice("c", "openvoice_v1")),
        ConvertVoiceInput(Audio(clip.samples[:20_000], RATE), voice("d"), voice("e")),
    ]
    found = answers(converter, batch)
    for request, answer in zip(batch, found, strict=True):
        alone = only(answers(converter, [request]))
        assert type(answer) is type(alone)
        if isinstance(alone, AudioOutput):
            np.testing.assert_allclose(answer.audio.samples, alone.audio.samples, atol=1e-4)


def test_an_embedding_file_of_hse_is_understood(converter: Any, clip: Audio):
    target = voice("target")
    legacy = LegacyEmbedding(saved(torch.from_numpy(target.vector).reshape(1, 8, 1)))
    assert np.array_equal(converted(converter, clip, legacy), converted(converter, clip, target))


def test_code_in_an_embedding_file_is_refused_and_not_executed(
    converter: Any, clip: Audio, tmp_path: Path
):
    proof = tmp_path / "executed"
    refusal = refused(converter, ConvertVoiceInput(clip, LegacyEmbedding(saved(Planted(proof)))))
    assert refusal.param == "target_embedding"
    assert not proof.exists()


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({}, "target_embedding", "OpenVoiceV2ToneConverterEncoder"),
        (
            {"target_embedding": voice("x", "openvoice_v1")},
            "target_embedding",
            "of the family openvoice_v1; this model needs one of openvoice_v2",
        ),
        (
            {"target_embedding": voice("x"), "source_embedding": voice("x", "harmonyspeech")},
            "source_embedding",
            "openvoice_v2",
        ),
        (
            {"target_embedding": Embedding("openvoice_v2", np.ones(256, np.float32))},
            "target_embedding",
            "256 numbers",
        ),
        (
            {"target_embedding": Embedding("openvoice_v2", np.full(8, 1e30, np.float32))},
            "target_embedding",
            "no voice",
        ),
        (
            {"target_embedding": Embedding("openvoice_v2", np.full(8, np.nan, np.float32))},
            "target_embedding",
            "no voice",
        ),
        (
            {"target_embedding": voice("x"), "source_voice": "nobody"},
            "source_voice",
            "EN-INDIA",
        ),
        (
            {"target_embedding": voice("x"), "source_voice": "ES", "source_language": "EN"},
            "source_voice",
            "EN-AU",
        ),
        (
            {"target_embedding": voice("x"), "source_language": "DE"},
            "source_language",
            "EN, ES, FR, JP, KR, ZH",
        ),
    ],
)
def test_a_conversion_that_makes_no_sense_is_refused_by_field(
    converter: Any, clip: Audio, fields: dict[str, Any], param: str, words: str
):
    refusal = refused(converter, ConvertVoiceInput(clip, **fields))
    assert refusal.param == param
    assert words in refusal.message


def test_a_name_that_two_languages_have_asks_for_the_language(first_converter: Any, clip: Audio):
    request = ConvertVoiceInput(clip, voice("x", "openvoice_v1"), source_voice="default")
    refusal = refused(first_converter, request)
    assert refusal.param == "source_language"
    assert "EN, ZH" in refusal.message


@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.ones(300, np.float32)])
def test_audio_without_sound_or_length_is_refused(converter: Any, samples: Any):
    refusal = refused(converter, ConvertVoiceInput(Audio(samples, RATE), voice("x")))
    assert isinstance(refusal, InvalidAudio)


def test_a_base_speaker_file_with_code_fails_the_load(v2: Path, tmp_path: Path):
    root, proof = tmp_path / "copy", tmp_path / "executed"
    shutil.copytree(v2, root)
    (root / "base_speakers/ses/es.pth").write_bytes(saved(Planted(proof)))
    with pytest.raises(ModelFailed, match=r"es\.pth"):
        loaded(OpenVoiceV2ToneConverter, root)
    assert not proof.exists()


def test_half_precision_converts_alike(converter: Any, v2: Path, clip: Audio):
    half = loaded(OpenVoiceV2ToneConverter, v2, dtype="bfloat16")
    exact, rounded = converted(converter, clip), converted(half, clip)
    assert np.corrcoef(exact, rounded)[0, 1] > 0.99


# Full size, against the recorded results of the originals -------------------------------------


@pytest.fixture(scope="module")
def full_converters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file of weights under both layouts; the configs differ."""
    roots = {name: tmp_path_factory.mktemp(name) for name in ("v1", "v2")}
    write_vits(roots["v2"] / "converter", "openvoice_v2_converter", size=FULL)
    first = roots["v1"] / "checkpoints/converter"
    write_vits(first, "openvoice_v1_converter")
    (first / "checkpoint.pth").unlink()
    (first / "checkpoint.pth").symlink_to(roots["v2"] / "converter/checkpoint.pth")
    sizes = vits_config("openvoice_v1_converter", size=FULL)
    (first / "config.json").write_text(json.dumps(sizes))
    return roots


@pytest.mark.parametrize(
    ("kind", "root", "zero_g"),
    [
        (OpenVoiceV1ToneConverter, "v1", "false"),
        (OpenVoiceV2ToneConverter, "v2", "true"),
    ],
)
def test_conversion_equals_the_original_at_full_size(
    full_converters: dict[str, Path], kind: type[Any], root: str, zero_g: str
):
    case = golden(f"OpenVoiceToneConverter_zero_g_{zero_g}_tau0")
    model = loaded(kind, full_converters[root])
    target = Embedding(model.release.family, case["tgt"].reshape(-1))
    samples = converted(model, Audio(case["wav_in"], RATE), target, tau=0.0)
    np.testing.assert_allclose(samples, case["wav_out"], atol=1e-4)


@pytest.mark.parametrize("speed", ["1.00", "1.25"])
def test_speech_equals_the_original_at_full_size(full_english: OpenVoiceV1Synthesizer, speed: str):
    """The recorded phones are no text, so they enter behind the front end."""
    case = golden(f"OpenVoiceV1Synthesizer_speed{speed}_noise0")
    options = SynthesisOptions(float(speed), 0.0, 0.0, float(case["sdp_ratio"]))
    piece = Piece(case["ids"].tolist(), int(case["sid"]), options, seed=0, number=0)
    (recording,) = full_english.run([piece])
    np.testing.assert_allclose(recording.samples, case["wav"], atol=1e-4)
    answer = full_english.finish(Prepared([], options), [recording])
    samples, gap = np.split(answer.audio.samples, [len(recording.at_tempo(RATE))])
    np.testing.assert_array_equal(samples, recording.at_tempo(RATE))
    assert len(gap) == int(RATE * 0.05 / float(speed))
    assert not gap.any()


@pytest.fixture(scope="module")
def full_english(tmp_path_factory: pytest.TempPathFactory) -> OpenVoiceV1Synthesizer:
    root = tmp_path_factory.mktemp("full")
    write_vits(root / "checkpoints/base_speakers/EN", "openvoice_v1_base_EN", size=FULL)
    return loaded(OpenVoiceV1Synthesizer, root)


def test_the_full_size_voice_reads_a_text(full_english: Any):
    assert full_english.size_bytes > 100 << 20
    assert len(said(full_english, "Hi.")) > RATE // 10


def test_speed_is_the_ratio_of_lengths(english: OpenVoiceV1Synthesizer) -> None:
    text = "The quick brown fox jumps over the lazy dog, and then it sleeps for a long time."
    lengths = {speed: len(said(english, text, speed=speed)) for speed in (0.25, 0.5, 1.0, 2.0, 4.0)}
    for speed, length in lengths.items():
        assert lengths[1.0] / length == pytest.approx(speed, rel=0.1), speed
