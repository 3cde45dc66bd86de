"""Embeddings as torch.save files: numbers are read, everything else is refused and nothing runs."""

import contextlib
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_files import Planted, saved
from hypothesis import given
from hypothesis import strategies as st

from contract.embedding import OPENVOICE_V2, Embedding, LegacyEmbedding
from contract.errors import InvalidRequest
from predictors.nn.speaker_embedding import UnreadableEmbedding, load_embedding, read_tensor

VECTOR = torch.linspace(-1, 1, 256)
GOOD = saved(VECTOR.reshape(1, 256, 1))


@pytest.mark.parametrize(
    "tensor",
    [
        VECTOR.reshape(1, 256, 1),
        VECTOR.double(),
        VECTOR.reshape(1, 256, 1).transpose(1, 2),
        torch.nn.Parameter(VECTOR).detach().requires_grad_(),
    ],
    ids=["as HSE saves it", "double", "transposed", "with gradient"],
)
def test_a_tensor_s_numbers_are_read_whatever_its_shape(tensor: torch.Tensor):
    np.testing.assert_allclose(read_tensor(saved(tensor)), VECTOR.numpy())


def rewritten(name_end: str, content: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    """GOOD with one member replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(stream, "w") as new:
        for member in old.infolist():
            data = content if member.filename.endswith(name_end) else old.read(member)
            new.writestr(member.filename, data, compression)
    return stream.getvalue()


BAD = {
    "a dict": saved({"t3": VECTOR}),
    "a number": saved(3.5),
    "integers": saved(torch.arange(256)),
    "complex": saved(torch.ones(4, dtype=torch.complex64)),
    "sparse": saved(torch.eye(16).to_sparse()),
    "one number seen as a million": saved(torch.zeros(1).expand(1_000_000)),
    "storage beyond what is stored": rewritten("data/0", b"\0" * 4),
    "a compressed archive": rewritten("data/0", b"\0" * 1024, zipfile.ZIP_DEFLATED),
    "a bomb": rewritten("data/0", b"\0" * (2 << 20), zipfile.ZIP_DEFLATED),
    "a pickle of another kind": rewritten("data.pkl", pickle.dumps([1, 2, 3])),
    "no pickle": rewritten("data.pkl", b"\x80\x02K"),
    "an empty archive": b"PK\x05\x06" + b"\0" * 18,
    "half a file": GOOD[: len(GOOD) // 2],
    "nothing": b"",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_everything_else_is_refused(data: bytes):
    with pytest.raises(UnreadableEmbedding):
        read_tensor(data)


def test_code_is_refused_and_not_executed(tmp_path: Path):
    proof = tmp_path / "executed"
    with pytest.raises(UnreadableEmbedding):
        read_tensor(saved(Planted(proof)))
    assert not proof.exists()


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(place: int, value: int):
    data = bytearray(GOOD)
    data[place] = value
    with contextlib.suppress(UnreadableEmbedding):
        assert read_tensor(bytes(data)).size <= 256


def test_a_legacy_file_counts_as_the_wanted_family():
    vector = load_embedding(LegacyEmbedding(GOOD), OPENVOICE_V2, 256, "embedding")
    np.testing.assert_allclose(vector, VECTOR.numpy())


@pytest.mark.parametrize(
    ("embedding", "words"),
    [
        (Embedding("openvoice_v1", VECTOR.numpy()), "openvoice_v1.*openvoice_v2"),
        (Embedding(OPENVOICE_V2, VECTOR.numpy()[:8]), "8 numbers.*256"),
        (Embedding(OPENVOICE_V2, VECTOR.numpy() * 1e6), "no voice"),
        (LegacyEmbedding(saved(VECTOR * float("nan"))), "not finite"),
        (LegacyEmbedding(saved(torch.zeros(0))), "vector"),
        (LegacyEmbedding(b"PK\x03\x04"), "damaged; send what"),
    ],
)
def test_what_is_no_voice_of_this_model_is_refused_by_field(
    embedding: Embedding | LegacyEmbedding, words: str
):
    with pytest.raises(InvalidRequest, match=words) as refusal:
        load_embedding(embedding, OPENVOICE_V2, 256, "source_embedding")
    assert refusal.value.param == "source_embedding"
