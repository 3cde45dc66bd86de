"""Files that pretend to be weights or embeddings."""

import io
import os
from collections.abc import Callable
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


def spoil(path: Path, how: str, proof: Path) -> None:
    """Ruin a weight file in one of the ways of SPOILED; `proof` appears if anything is executed."""
    _SPOILERS[how](path, proof)


_SPOILERS: dict[str, Callable[[Path, Path], object]] = {
    "truncated": lambda path, _: os.truncate(path, path.stat().st_size // 2),
    "no torch file": lambda path, _: path.write_bytes(b"\0" * 100),
    "empty": lambda path, _: path.write_bytes(b""),
    "pickled code": lambda path, proof: path.write_bytes(saved({"generator": Planted(proof)})),
    "a list": lambda path, _: path.write_bytes(saved([1, 2])),
    "another container": lambda path, _: path.write_bytes(saved({"nothing": {}})),
}
SPOILED = tuple(_SPOILERS)
