"""Speaker embeddings on the wire: tagged float32, never a pickle.

Bytes: magic `HSPE`, u8 version, u8 length of the family name, the family in ASCII, u32 dims,
then dims float32, all little-endian. Bytes that HSE made are recognised too: a bare float32 vector
(its HarmonySpeech family) and a `torch.save` file, which stays sealed as LegacyEmbedding until a
predictor opens it with `torch.load(weights_only=True)`.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.errors import InvalidRequest

_MAGIC = b"HSPE"
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
        family = self.family.encode("ascii")
        head = struct.pack("<4sBB", _MAGIC, FORMAT_VERSION, len(family))
        body = np.ascontiguousarray(self.vector, "<f4").tobytes()
        return head + family + struct.pack("<I", self.vector.size) + body

    def require_family(self, family: str, *, param: str) -> None:
        """Raise InvalidRequest that names both families unless this is the wanted one."""
        if self.family != family:
            raise InvalidRequest(
                f"{param} is a {self.family} embedding; this model needs a {family} embedding",
                param=param,
            )


@dataclass(frozen=True, slots=True)
class LegacyEmbedding:
    """A sealed `torch.save` file from HSE."""

    data: bytes


def embedding_from_bytes(data: bytes, *, param: str = "embedding") -> Embedding | LegacyEmbedding:
    """Tell the three forms apart. Raises InvalidRequest on anything else; executes nothing."""
    if data.startswith(_MAGIC):
        return _read_tagged(data, param)
    if data.startswith(_ZIP_MAGIC):
        if len(data) > MAX_LEGACY_BYTES:
            raise InvalidRequest(f"{param} is larger than an embedding can be", param=param)
        return LegacyEmbedding(data)
    if len(data) in {4 * dims for dims in _BARE_DIMS}:
        return checked_embedding(HARMONYSPEECH, np.frombuffer(data, "<f4"), param)
    raise InvalidRequest(
        f"{param} is no speaker embedding; send what the embedding endpoint returned", param=param
    )


def _read_tagged(data: bytes, param: str) -> Embedding:
    try:
        _, version, length = struct.unpack_from("<4sBB", data)
        if version != FORMAT_VERSION:
            raise InvalidRequest(
                f"{param} has embedding format {version}; this server reads {FORMAT_VERSION}",
                param=param,
            )
        family = data[6 : 6 + length].decode("ascii")
        (dims,) = struct.unpack_from("<I", data, 6 + length)
    except (struct.error, UnicodeDecodeError):
        raise InvalidRequest(f"{param} is a damaged embedding", param=param) from None
    body = data[10 + length :]
    if len(body) != 4 * dims:
        raise InvalidRequest(f"{param} is a damaged embedding", param=param)
    return checked_embedding(family, np.frombuffer(body, "<f4"), param)


def checked_embedding(family: str, vector: NDArray[np.float32], param: str) -> Embedding:
    """An embedding of its own memory. Raises InvalidRequest that says what is wrong with it."""
    if not _FAMILY.fullmatch(family):
        raise InvalidRequest(f"{param} names no embedding family", param=param)
    if vector.ndim != 1 or not 0 < vector.size <= MAX_DIMS:
        raise InvalidRequest(f"{param} must be one vector of 1 to {MAX_DIMS} numbers", param=param)
    if not np.isfinite(vector).all():
        raise InvalidRequest(f"{param} holds numbers that are not finite", param=param)
    return Embedding(family, vector.astype(np.float32, copy=True))
