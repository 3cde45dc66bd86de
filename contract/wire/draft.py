"""A task's input that has been read, but whose recordings are still to be decoded."""

from __future__ import annotations

from collections.abc import Mapping
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
        return {k: v for k, v in self.values.items() if isinstance(v, Recording)}

    def complete(self, decoded: Mapping[str, Audio]) -> TaskInput[Any]:
        """The input, with sound for every recording. Raises InvalidRequest that names a field."""
        return self.kind(**{**self.values, **decoded})
