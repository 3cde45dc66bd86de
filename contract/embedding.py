"""Speaker embeddings on the wire: tagged float32, never a pickle.

Bytes: a safetensors file of one float32 vector, whose name is the embedding's family. Bytes that
HSE made are recognised too: a bare float32 vector (its HarmonySpeech family) and a `torch.save`
file, which stays sealed as LegacyEmbedding until a predictor opens it with
`torch.load(weights_only=True)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from contract.errors import InvalidRequest
from contract.safetensor import is_safetensor, read_safetensor

FORMAT_VERSION = 1
_FAMILY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ZIP_MAGIC = b"PK\x03\x04"
HARMONYSPEECH = "harmonyspeech"
OPENVOICE_V1 = "openvoice_v1"
OPENVOICE_V2 = "openvoice_v2"
_BARE_DIMS = (256, 768)
"""HSE's HarmonySpeech encoders give 768; the 256 of the original GE2E is accepted beside it."""
MAX_DIMS = 8192
MAX_LEGACY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """`vector` is float32 [dims]; embeddings of two families never mix."""

    family: str
    vector: NDArray[np.float32]

    def to_bytes(self) -> bytes:
        vector = np.ascontiguousarray(self.vector, np.float32)
        return safetensors.numpy.save({self.family: vector})

    def require_family(self, family: str, *, param: str) -> None:
        """Raise InvalidRequest that names both families unless this is the wanted one."""
        if self.family != family:
            raise InvalidRequest(
                f"{param} is of the family {self.family}; this model needs one of {family}",
                param=param,
            )


@dataclass(frozen=True, slots=True)
class LegacyEmbedding:
    """A sealed `torch.save` file from HSE."""

    data: bytes


AnyEmbedding = Embedding | LegacyEmbedding


def embedding_from_bytes(data: bytes, *, param: str = "embedding") -> AnyEmbedding:
    """Tell the three forms apart. Raises InvalidRequest on anything else; executes nothing."""
    if data.startswith(_ZIP_MAGIC):
        if len(data) > MAX_LEGACY_BYTES:
            raise InvalidRequest(f"{param} is larger than an embedding can be", param=param)
        return LegacyEmbedding(data)
    if is_safetensor(data):
        return checked_embedding(*read_safetensor(data, param=param), param)
    if len(data) in {4 * dims for dims in _BARE_DIMS}:
        return checked_embedding(HARMONYSPEECH, np.frombuffer(data, "<f4"), param)
    raise InvalidRequest(
        f"{param} is no speaker embedding; send what the embedding endpoint returned", param=param
    )


def checked_embedding(family: str, vector: NDArray[np.float32], param: str) -> Embedding:
    """An embedding of its own memory. Raises InvalidRequest that says what is wrong with it."""
    if not _FAMILY.fullmatch(family):
        raise InvalidRequest(f"{param} names no embedding family", param=param)
    if vector.ndim != 1 or not 0 < vector.size <= MAX_DIMS:
        raise InvalidRequest(f"{param} must be one vector of 1 to {MAX_DIMS} numbers", param=param)
    if not np.isfinite(vector).all():
        raise InvalidRequest(f"{param} holds numbers that are not finite", param=param)
    return Embedding(family, vector.astype(np.float32, copy=True))
