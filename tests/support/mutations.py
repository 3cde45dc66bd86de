"""Spoils bytes as strangers do: cut, flipped, repeated, joined, with lengths that lie."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 24, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_HEADER_BYTES = 512
"""Half of all changes fall into so many first bytes, where formats say what follows."""

Mutation = Callable[[bytearray, random.Random], object]


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the files, changed in one to eight ways. The same chance gives the same bytes."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        if chance.random() < 0.1:
            other = chance.choice(seeds)
            data[_place(data, chance) :] = other[_place(other, chance) :]
        else:
            chance.choice(_MUTATIONS)(data, chance)
    return bytes(data)


def _place(data: bytes | bytearray, chance: random.Random) -> int:
    size = len(data) if chance.random() < 0.5 else min(len(data), _HEADER_BYTES)
    return chance.randrange(size) if size else 0


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _replace(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] = chance.randrange(256)


def _write_extreme(data: bytearray, chance: random.Random) -> None:
    """A number of two, four or eight bytes, in either order of bytes."""
    width, order = chance.choice((2, 4, 8)), chance.choice(("big", "little"))
    value = chance.choice(_EXTREMES) & ((1 << (8 * width)) - 1)
    at = _place(data, chance)
    data[at : at + width] = value.to_bytes(width, order)  # type: ignore[arg-type]  # one of two


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _remove(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.randrange(1, 64)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = data[at : at + chance.randrange(1, 512)] * chance.randrange(1, 9)


def _insert(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = chance.randbytes(chance.randrange(1, 64))


_MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _replace, _write_extreme) * 2,
    *(_cut, _remove, _repeat, _insert),
)
