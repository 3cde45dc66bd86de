"""Speaker embeddings saved by torch.save: read as numbers, with nothing in them executed.

HSE hands clients such files, and OpenVoice publishes its base speakers as such.
"""

from __future__ import annotations

import io
import warnings
import zipfile

import numpy as np
import torch
from numpy.typing import NDArray

from contract.embedding import AnyEmbedding, LegacyEmbedding, checked_embedding
from contract.errors import InvalidRequest

_MAX_UNPACKED_BYTES = 1 << 20
_LARGEST = 100.0
"""Voices that networks make stay below 10; far beyond, sums overflow."""


class UnreadableEmbedding(ValueError):
    """The bytes are no torch.save file of one tensor of numbers."""


def read_tensor(data: bytes) -> NDArray[np.float32]:
    """All numbers of the tensor in a torch.save file, in one row. Raises UnreadableEmbedding."""
    stored_bytes = _stored_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old files, about how they were saved
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as exc:  # whatever torch's parser trips over, pickled code above all
        raise UnreadableEmbedding("holds more than one tensor of numbers, or is damaged") from exc
    if type(content) is not torch.Tensor or content.layout is not torch.strided:
        raise UnreadableEmbedding("holds no tensor")
    # A small file can describe a huge tensor, or one that reaches beyond what is stored.
    sizes = (content.untyped_storage().nbytes(), content.numel() * content.element_size())
    if max(sizes) > stored_bytes or not content.is_floating_point():
        raise UnreadableEmbedding("holds a tensor that is no embedding")
    numbers: NDArray[np.float32] = content.detach().float().reshape(-1).numpy()
    return numbers


def _stored_bytes(data: bytes) -> int:
    """Size of the largest storage in the archive; refuses what an embedding cannot be."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        raise UnreadableEmbedding("is no file of torch.save, or is damaged") from exc
    is_packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if is_packed or sum(member.file_size for member in members) > _MAX_UNPACKED_BYTES:
        raise UnreadableEmbedding("is larger than an embedding can be")
    return max((one.file_size for one in members if "/data/" in one.filename), default=0)


def load_embedding(
    embedding: AnyEmbedding, family: str, dims: int, param: str
) -> NDArray[np.float32]:
    """The vector [dims] of an embedding of this family; a torch.save file is taken to be one.

    Raises InvalidRequest: another family or size, pickled code, numbers that are no voice.
    """
    if isinstance(embedding, LegacyEmbedding):
        try:
            embedding = checked_embedding(family, read_tensor(embedding.data), param)
        except UnreadableEmbedding as exc:
            raise InvalidRequest(
                f"{param} {exc}; send what the embedding endpoint returned", param=param
            ) from exc
    embedding.require_family(family, param=param)
    if embedding.vector.size != dims:
        raise InvalidRequest(
            f"{param} has {embedding.vector.size} numbers; a {family} embedding of this model has "
            f"{dims}",
            param=param,
        )
    if not np.abs(embedding.vector).max() <= _LARGEST:  # also refuses NaN
        raise InvalidRequest(
            f"{param} holds numbers that are no voice (beyond {_LARGEST:g}, or not finite)",
            param=param,
        )
    return embedding.vector
