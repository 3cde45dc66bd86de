"""A task's input that has been read, but whose recordings are still to be decoded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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

    async def complete(self, decode: Callable[[Recording], Awaitable[Audio]]) -> TaskInput[Any]:
        """The input, every recording decoded. Raises InvalidRequest that names a field."""

        async def heard(value: Any) -> Any:
            if isinstance(value, Recording):
                return await decode(value)
            if isinstance(value, tuple) and value and isinstance(value[0], Recording):
                return tuple([await decode(one) for one in value])
            return value

        return self.kind(**{name: await heard(value) for name, value in self.values.items()})
