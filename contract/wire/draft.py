"""A task's input that has been read, but whose recordings are still to be decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract.audio.codec import Audio
from contract.tasks import TaskInput
from contract.wire.codecs import Recording


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """`values` by the names of the input's fields."""

    kind: type[TaskInput[Any]]
    values: Mapping[str, Any]

    @property
    def recordings(self) -> dict[str, Recording]:
        """By the names under which `complete` wants their sound."""
        return {
            name: one
            for key, value in self.values.items()
            for name, one in _by_name(key, value)
            if isinstance(one, Recording)
        }

    def complete(self, decoded: Mapping[str, Audio]) -> TaskInput[Any]:
        """The input, with sound for every recording. Raises InvalidRequest that names a field."""

        def heard(key: str, value: Any) -> Any:
            found = tuple(decoded.get(name, one) for name, one in _by_name(key, value))
            return found if _is_list(value) else found[0]

        return self.kind(**{key: heard(key, value) for key, value in self.values.items()})


def _by_name(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value under its key; the recordings of a list under their numbers."""
    if not _is_list(value):
        yield key, value
        return
    for number, one in enumerate(value):
        yield f"{key}[{number}]", one


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Recording)
