"""Files that pretend to be weights or embeddings."""

import io
from pathlib import Path

import torch


class Planted:
    """Unpickling it would create a file: proof that something in it was executed."""

    def __init__(self, proof: Path) -> None:
        self._proof = proof

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self._proof,)


def saved(content: object) -> bytes:
    """`content` as torch.save writes it."""
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()
