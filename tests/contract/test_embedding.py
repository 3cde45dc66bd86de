"""Embeddings are plain numbers with a name; nothing that arrives as one is ever run."""

import os
import pickle
import zipfile
from io import BytesIO

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from contract.embedding import (
    MAX_DIMS,
    MAX_LEGACY_BYTES,
    Embedding,
    LegacyEmbedding,
    checked_embedding,
    embedding_from_bytes,
)
from contract.errors import InvalidRequest

VECTOR = np.linspace(-1, 1, 256, dtype=np.float32)
TAGGED = Embedding("openvoice_v2", VECTOR).to_bytes()


def test_an_embedding_survives_its_bytes():
    found = embedding_from_bytes(TAGGED)
    assert found.family == "openvoice_v2"
    assert found.vector.dtype == np.float32
    np.testing.assert_array_equal(found.vector, VECTOR)


def test_any_reader_of_safetensors_reads_it():
    (family,) = found = safetensors.numpy.load(TAGGED)
    assert family == "openvoice_v2"
    np.testing.assert_array_equal(found[family], VECTOR)


def test_the_bytes_are_the_same_from_any_memory_order():
    twice = np.repeat(VECTOR, 2)[::2]
    assert Embedding("openvoice_v2", twice).to_bytes() == TAGGED
    assert Embedding("openvoice_v2", VECTOR.astype(">f4")).to_bytes() == TAGGED


def test_a_read_embedding_does_not_hold_the_request_in_memory():
    found = embedding_from_bytes(TAGGED)
    assert found.vector.base is None
    assert found.vector.flags.writeable


@pytest.mark.parametrize("dims", [256, 768])
def test_a_bare_vector_is_what_hse_sends_for_harmonyspeech(dims):
    found = embedding_from_bytes(np.ones(dims, "<f4").tobytes())
    assert (found.family, found.vector.size) == ("harmonyspeech", dims)


def test_a_saved_tensor_stays_sealed():
    sealed = embedding_from_bytes(b"PK\x03\x04 whatever is in it")
    assert sealed == LegacyEmbedding(b"PK\x03\x04 whatever is in it")


class Exploit:
    """Unpickling this makes a directory."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_is_never_run(tmp_path):
    trap = tmp_path / "opened"
    attack = pickle.dumps(Exploit(str(trap)))
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", attack)
    assert isinstance(embedding_from_bytes(archive.getvalue()), LegacyEmbedding)
    padded = attack.ljust(4 * 256, b"\0")
    for data in (attack, TAGGED[:80] + attack, padded):
        try:
            embedding_from_bytes(data)
        except InvalidRequest:
            continue
    assert not trap.exists()
    pickle.loads(attack)
    assert trap.exists(), "the attack itself must work, or this test proves nothing"


WRONG = {
    "nothing": (b"", "no speaker embedding"),
    "a word": (b"hello", "no speaker embedding"),
    "a wav": (b"RIFF" + bytes(40), "no speaker embedding"),
    "a bare vector of another length": (bytes(4 * 257), "no speaker embedding"),
    "only the length": (TAGGED[:8], "no speaker embedding"),
    "no end": (TAGGED[:-1], "undamaged"),
    "too much": (TAGGED + b"\0", "undamaged"),
    "half a header": (TAGGED[:20], "undamaged"),
    "a header that is not JSON": (TAGGED[:9] + b"}" + TAGGED[10:], "undamaged"),
    "two vectors": (safetensors.numpy.save({"f": VECTOR, "g": VECTOR}), "of one array"),
    "a thousand empty vectors": (
        safetensors.numpy.save({str(n): np.zeros(0, np.float32) for n in range(1000)}),
        "no speaker embedding",
    ),
    "float64": (safetensors.numpy.save({"f": VECTOR.astype(np.float64)}), "float32"),
    "no family": (safetensors.numpy.save({"": VECTOR}), "names no"),
    "a family with a line break": (safetensors.numpy.save({"a\n": VECTOR}), "names no"),
    "no numbers": (Embedding("f", VECTOR[:0]).to_bytes(), "one vector of 1 to"),
    "too many numbers": (
        Embedding("f", np.zeros(MAX_DIMS + 1, np.float32)).to_bytes(),
        "one vector of 1 to",
    ),
    "a matrix": (Embedding("f", VECTOR.reshape(2, 128)).to_bytes(), "one vector of 1 to"),
    "a false count": (TAGGED.replace(b"[256]", b"[999]"), "undamaged"),
    "NaN": (Embedding("f", np.float32([np.nan])).to_bytes(), "not finite"),
    "bare NaN": (np.full(256, np.nan, "<f4").tobytes(), "not finite"),
    "a huge archive": (b"PK\x03\x04".ljust(MAX_LEGACY_BYTES + 1), "larger than"),
}


@pytest.mark.parametrize("name", WRONG)
def test_anything_else_is_refused_by_name(name):
    data, words = WRONG[name]
    with pytest.raises(InvalidRequest, match=words) as error:
        embedding_from_bytes(data, param="target_embedding")
    assert error.value.param == "target_embedding"
    assert error.value.message.startswith("target_embedding ")


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: TAGGED[:30] + tail))
def test_any_bytes_are_an_embedding_or_refused(data):
    try:
        found = embedding_from_bytes(data)
    except InvalidRequest:
        return
    assert isinstance(found, LegacyEmbedding) or np.isfinite(found.vector).all()


def test_an_embedding_is_one_vector():
    with pytest.raises(InvalidRequest, match="one vector"):
        checked_embedding("f", np.zeros((1, 4), np.float32), "embedding")


def test_families_do_not_mix():
    one = Embedding("openvoice_v1", VECTOR)
    one.require_family("openvoice_v1", param="embedding")
    with pytest.raises(InvalidRequest, match="family openvoice_v1; .* of openvoice_v2") as error:
        one.require_family("openvoice_v2", param="embedding")
    assert error.value.param == "embedding"
