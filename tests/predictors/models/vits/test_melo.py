"""MeloTTS from checkpoints of the public layout: six languages, with BERT features and without."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden_weights import golden
from loaded_model import answered, loaded, only
from synthetic_checkpoints import FULL, vits_config, write_melo, write_vits
from tiny_bert import write_bert

from contract.config import InvalidConfig
from contract.errors import InvalidRequest, ModelFailed
from contract.tasks import AudioOutput, SynthesizeInput
from predictors.models.vits.melo import MeloTTSSynthesizer
from predictors.models.vits.synthesis import Piece, SynthesisOptions
from predictors.runtime.direct import answers
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import WeightStore

RATE = 44_100
GAP = int(RATE * 0.05)
TEXT = "The quick brown fox jumps over the lazy dog."
pytestmark = pytest.mark.usefixtures("torch_on_one_thread")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_melo(tmp_path_factory.mktemp("melo-en"))


def melo(root: Path, **entry: Any) -> MeloTTSSynthesizer:
    return loaded(MeloTTSSynthesizer, root, **{"options": {"bert": "none"}} | entry)


@pytest.fixture(scope="module")
def english(root: Path) -> MeloTTSSynthesizer:
    return melo(root, language="EN")


def said(model: MeloTTSSynthesizer, text: str = TEXT, **parameters: Any) -> np.ndarray[Any, Any]:
    output = answered(model, SynthesizeInput(text, **parameters), AudioOutput)
    assert output.audio.sample_rate == RATE
    return output.audio.samples


def test_speaks_within_full_scale_with_a_gap_at_the_end(english: MeloTTSSynthesizer):
    samples = said(english)
    assert 0.01 < np.abs(samples).max() <= 1
    assert not samples[-GAP:].any()
    assert samples[-GAP - 512 : -GAP].any()


def test_the_same_request_gives_the_same_sound_and_a_seed_another(english: MeloTTSSynthesizer):
    assert np.array_equal(said(english), said(english, seed=0))  # the entry's
    assert not np.array_equal(said(english), said(english, seed=1))
    quiet = {"noise_scale": 0.0, "noise_scale_w": 0.0}
    assert np.array_equal(said(english, seed=1, **quiet), said(english, seed=2, **quiet))


@pytest.mark.parametrize(
    "parameter", [{"noise_scale": 0.1}, {"noise_scale_w": 1.9}, {"sdp_ratio": 1.0}]
)
def test_every_parameter_is_heard(english: MeloTTSSynthesizer, parameter: dict[str, float]):
    assert not np.array_equal(said(english), said(english, **parameter))


@pytest.mark.parametrize("voice", ["EN-INDIA", "en_india", "EN_INDIA"])
def test_voices_are_spelled_freely(english: MeloTTSSynthesizer, voice: str):
    assert np.array_equal(said(english, voice=voice), said(english, voice="En-India"))
    assert not np.array_equal(said(english, voice=voice), said(english, voice="EN-US"))


def test_a_batch_gives_what_single_requests_give(english: MeloTTSSynthesizer):
    batch = [
        SynthesizeInput(f"{TEXT} " * 7, seed=3, speed=4.0),  # two pieces
        SynthesizeInput("Yes.", speed=1.7, voice="EN-AU"),
        SynthesizeInput("..."),
        SynthesizeInput(TEXT, noise_scale=0.0),
    ]
    for request, answer in zip(batch, answers(english, batch), strict=True):
        alone = only(answers(english, [request]))
        assert type(answer) is type(alone)
        if isinstance(alone, AudioOutput):
            np.testing.assert_allclose(answer.audio.samples, alone.audio.samples, atol=1e-4)


@pytest.mark.parametrize(
    ("parameters", "param", "words"),
    [
        ({"voice": "nobody"}, "voice", "EN-US, EN-BR, EN_INDIA, EN-AU, EN-Default"),
        ({"language": "FR"}, "language", "EN"),
        ({"text": "\N{SLIGHTLY SMILING FACE}"}, "text", "English"),
        ({"text": "... - !"}, "text", "English"),
    ],
)
def test_what_it_cannot_say_is_refused_by_field(
    english: MeloTTSSynthesizer, parameters: dict[str, Any], param: str, words: str
):
    refusal = only(answers(english, [SynthesizeInput(**{"text": TEXT} | parameters)]))
    assert isinstance(refusal, InvalidRequest)
    assert refusal.param == param
    assert words in refusal.message


def test_a_sentence_without_sound_does_not_stop_the_others(english: MeloTTSSynthesizer):
    assert (
        len(said(english, "Yes. " * 60 + "\N{SLIGHTLY SMILING FACE} - " * 100, speed=4.0))
        > RATE // 2
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ES", "¡Hola mundo! ¿Qué tal, señor García?"),
        ("FR", "Bonjour M. Dupont, il est 8 heures."),
        ("ZH", "我最近在学习machine learning，希望能够有所建树。"),
        ("JP", "私は東京でラーメンを食べました。"),
        ("KR", "안녕하세요, 만나서 반갑습니다."),
    ],
)
def test_every_language_is_spoken(tmp_path: Path, language: str, text: str):
    model = melo(write_melo(tmp_path, language))  # its only voice tells the language
    assert len(said(model, text, language=language.lower())) > RATE // 4
    assert isinstance(only(answers(model, [model.warm_up_request()])), AudioOutput)


def test_chinese_takes_the_front_end_that_reads_english_words(tmp_path: Path):
    model = melo(write_melo(tmp_path, "ZH"), language="ZH")
    (sentence,) = model.sentences("学习machine")
    assert set(sentence.language_ids[1::2]) == {3}
    assert "sh" in sentence.phones[-6:]
    assert np.array_equal(said(model, "学习", language="ZH_MIX_EN"), said(model, "学习"))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"language": "DE"}, "EN, ES, FR, JP, KR, ZH"),
        ({"voices": ("nobody",)}, "EN_INDIA"),
        ({"options": {"berd": "none"}}, "berd"),
    ],
)
def test_a_configuration_it_cannot_serve_is_refused(root: Path, entry: dict[str, Any], words: str):
    with pytest.raises(InvalidConfig, match=words):
        melo(root, **entry)


def test_an_openvoice_checkpoint_is_told_apart(tmp_path: Path):
    write_vits(tmp_path, "openvoice_v1_base_EN")
    with pytest.raises(ModelFailed, match="OpenVoiceV1Synthesizer"):
        melo(tmp_path)


def test_a_checkpoint_of_another_family_names_both(tmp_path: Path, root: Path):
    write_vits(tmp_path, "openvoice_v1_base_EN")
    (tmp_path / "config.json").write_text(json.dumps(vits_config("melotts")))
    with pytest.raises(ModelFailed, match=r"MeloTTSSynthesizer.*OpenVoiceV1Synthesizer"):
        melo(tmp_path)


def test_half_precision_keeps_the_rhythm(english: MeloTTSSynthesizer, root: Path):
    half = melo(root, language="EN", dtype="bfloat16")
    exact, rounded = said(english), said(half)
    assert len(rounded) == len(exact)
    assert np.corrcoef(exact, rounded)[0, 1] > 0.98


def test_entries_of_the_same_file_share_one_network(root: Path):
    store = WeightStore()
    models = [melo(root, store=store, voices=(voice,)) for voice in ("EN-US", "EN-BR")]
    assert len(store.keys()) == 1
    assert not np.array_equal(*(said(model) for model in models))


# BERT -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"), dims=768)


def test_bert_changes_the_sound_and_is_loaded_once(
    english: MeloTTSSynthesizer, root: Path, bert: Path
):
    store = WeightStore()
    models = [melo(root, store=store, language="EN", options={"bert": str(bert)}) for _ in range(2)]
    assert len(store.keys()) == 2
    assert not np.array_equal(said(models[0]), said(english))
    batch = [SynthesizeInput(TEXT), SynthesizeInput("Yes.")]
    for request, answer in zip(batch, answers(models[0], batch), strict=True):
        alone = only(answers(models[1], [request]))
        np.testing.assert_allclose(answer.audio.samples, alone.audio.samples, atol=1e-4)


def test_bert_features_lie_over_the_phones_of_their_words(root: Path, bert: Path):
    model = melo(root, language="EN", options={"bert": str(bert)})
    sentences = model.sentences("Hello world.")
    units = model.prepare(SynthesizeInput("Hello world.")).units
    (piece,) = model.with_features([unit.work for unit in units])
    assert piece.ja_bert is not None
    assert piece.bert is None
    assert piece.ja_bert.shape == (768, len(piece.ids))
    words = np.repeat(np.arange(len(sentences[0].word2ph)), sentences[0].word2ph)
    for left in range(len(words) - 1):
        is_same = torch.equal(piece.ja_bert[:, left], piece.ja_bert[:, left + 1])
        assert is_same == (words[left] == words[left + 1])


def test_a_checkpoint_trained_without_bert_gets_none(tmp_path: Path, bert: Path):
    write_melo(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["data"]["disable_bert"] = True
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert melo(tmp_path, options={"bert": str(bert)}).bert is None


def test_a_bert_that_was_named_must_be_there_and_fit(root: Path, tmp_path: Path):
    with pytest.raises(WeightsMissing):
        melo(root, options={"bert": "./nowhere"})
    small = write_bert(tmp_path, dims=16)
    with pytest.raises(InvalidConfig, match="768 or 1024"):
        melo(root, options={"bert": str(small)})


# Full size ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> MeloTTSSynthesizer:
    root = tmp_path_factory.mktemp("full")
    write_vits(root, "melotts", size=FULL, speakers={"EN-US": 0})
    return melo(root, language="EN")


@pytest.mark.parametrize("speed", ["1.0", "1.2"])
def test_speech_equals_the_original_at_full_size(full: MeloTTSSynthesizer, speed: str):
    """The recorded phones are no text, so they enter behind the front end."""
    case = golden(f"MeloTTSSynthesizer_speed{speed}_noise0")
    ids, tones, languages = (case[name].tolist() for name in ("ids", "tones", "langs"))
    options = SynthesisOptions(float(speed), 0.0, 0.0, float(case["sdp_ratio"]))
    piece = Piece(
        *(ids, int(case["sid"]), options, 0, 0),
        tones=tones,
        languages=languages,
        ja_bert=torch.from_numpy(case["ja_bert"]),
    )
    (recording,) = full.synthesizer.recordings([piece])
    np.testing.assert_allclose(recording.samples, case["wav"], atol=1e-4)
    answer = full.synthesizer.joined([recording], options)
    samples, gap = np.split(answer.audio.samples, [len(recording.at_tempo(RATE))])
    np.testing.assert_array_equal(samples, recording.at_tempo(RATE))
    assert len(gap) == int(RATE * 0.05 / float(speed))


def test_the_full_size_voice_reads_a_text(full: MeloTTSSynthesizer):
    assert full.size_bytes > 150 << 20
    assert len(said(full, "Hi.")) > RATE // 10
