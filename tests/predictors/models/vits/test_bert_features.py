"""BERT features: the layer MeloTTS reads, batches, long sentences, and doing without."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from tiny_bert import write_bert
from transformers import BertModel

from contract.errors import ModelFailed
from predictors.models.vits.bert_features import AUTO, NONE, BertFeatures, bert_for
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import WeightStore

CPU = torch.device("cpu")
LONGEST = 64  # positions of the BERT
pytestmark = pytest.mark.usefixtures("torch_on_one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"), dims=32, longest=LONGEST)


@pytest.fixture(scope="module")
def bert(folder: Path) -> BertFeatures:
    return BertFeatures(folder, CPU)


def test_words_that_the_vocabulary_lacks_are_spelled_in_pieces(bert: BertFeatures):
    assert bert.word_pieces("Hello jumps, dog!") == [
        "hello", "jump", "##s", ",", "d", "##o", "##g", "!",
    ]  # fmt: skip


def test_features_are_the_third_hidden_state_from_the_end(bert: BertFeatures, folder: Path):
    pieces = bert.word_pieces("hello world, jumps!")
    (features,) = bert.features([pieces])
    whole = BertModel.from_pretrained(folder)
    names = (folder / "vocab.txt").read_text().split("\n")
    ids = torch.tensor([[names.index(one) for one in ("[CLS]", *pieces, "[SEP]")]])
    with torch.inference_mode():
        expected = whole(ids, output_hidden_states=True).hidden_states[-3]
    torch.testing.assert_close(features, expected[0].T)


def test_a_batch_gives_what_single_sentences_give(bert: BertFeatures):
    sentences = [["hello"], ["the", "quick", "brown", "fox"], []]
    for one, features in zip(sentences, bert.features(sentences), strict=True):
        (alone,) = bert.features([one])
        assert features.shape == (32, len(one) + 2)
        torch.testing.assert_close(features, alone, atol=1e-5, rtol=1e-4)


def test_a_sentence_beyond_what_bert_reads_is_read_in_windows(bert: BertFeatures):
    most = LONGEST - 2
    pieces = ["hello"] * most + ["world", "fox"]
    (features,) = bert.features([pieces])
    assert features.shape == (32, len(pieces) + 2)
    (first,) = bert.features([pieces[:most]])
    (second,) = bert.features([pieces[most:]])
    torch.testing.assert_close(features[:, : most + 1], first[:, :-1], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(features[:, most + 1 :], second[:, 1:], atol=1e-5, rtol=1e-4)


def nothing(
    repo: str, revision: str | None, patterns: Sequence[str] | None, *, offline: bool
) -> Path:
    raise WeightsMissing(f"the weights of {repo} are not here")


def test_a_bert_that_cannot_be_had_is_done_without_and_said_so(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        assert bert_for("FR", AUTO, CPU, WeightStore().holder(), nothing) is None
    (record,) = caplog.records
    assert "FR without BERT features" in record.message
    assert "dbmdz/bert-base-french-europeana-cased" in record.message


def test_a_bert_that_was_named_is_not_done_without():
    with pytest.raises(WeightsMissing):
        bert_for("FR", "owner/name", CPU, WeightStore().holder(), nothing)


def test_none_asks_for_nothing(caplog: pytest.LogCaptureFixture):
    assert bert_for("FR", NONE, CPU, WeightStore().holder(), nothing) is None
    assert not caplog.records


def test_languages_that_name_one_bert_share_it(folder: Path):
    weights = WeightStore().holder()
    first = bert_for("EN", str(folder), CPU, weights)
    assert first is not None
    assert bert_for("ES", str(folder), CPU, weights) is first


def test_a_directory_that_holds_no_bert_is_refused_without_its_path(tmp_path: Path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelFailed, match=r"options\.bert") as refusal:
        bert_for("EN", str(tmp_path), CPU, WeightStore().holder())
    assert str(tmp_path) not in refusal.value.message
