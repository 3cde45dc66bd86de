"""V2 tensors and messages, whatever carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import InvalidRequest, shown

Parameters = dict[str, Any]
"""V2 parameters: string, number or boolean."""
Elements = tuple[bytes | str, ...]

MAX_NUMBERS = 1 << 25
"""Most elements of a numeric tensor: 128 MiB of float32, an hour of mel frames at 10 ms."""
MAX_ELEMENTS = 64
"""Most elements of a BYTES tensor; every task takes one."""


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """`data` is float32 of `shape`, or for BYTES a tuple: `str` as read from JSON, else bytes."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: NDArray[np.float32] | Elements
    parameters: Parameters = field(default_factory=dict)

    @property
    def is_bytes(self) -> bool:
        return self.datatype == "BYTES"


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One V2 request or response."""

    tensors: tuple[Tensor, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    request_id: str = ""
    wanted: Mapping[str, bool | None] = field(default_factory=dict)
    """Outputs that a request names, all if none; True: as a binary tensor; None: as the rest."""
    wants_binary: bool = False

    def answered_with(self, answer: Message) -> Message:
        """What `answer` holds of the outputs that this request names. Raises InvalidRequest."""
        known = {tensor.name for tensor in answer.tensors}
        for name in self.wanted:
            if name not in known:
                raise InvalidRequest(
                    f"output {shown(name)!r} is not among: {', '.join(sorted(known))}",
                    param="outputs",
                )
        kept = tuple(one for one in answer.tensors if not self.wanted or one.name in self.wanted)
        return Message(kept, answer.parameters, self.request_id)

    def is_binary(self, output: str) -> bool:
        """Whether this request wants that output as a binary tensor."""
        own = self.wanted.get(output)
        return self.wants_binary if own is None else own
