"""What a server and its decoders say to each other: fixed structs, then bytes of known length.

Decoder: READY, once. Server: a Job, then the file. Decoder: ACCEPTED; SAMPLES, each followed by
little-endian float32; at last DONE or REFUSED. Nothing is pickled or parsed, and the server checks
every number: a decoder may have been taken over by the file that it read.
"""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass
from typing import Self

from transport.decoding.refusals import AudioLimits, Reason

_JOB = struct.Struct("<QdQIIQ")
JOB_BYTES = _JOB.size
REPLY = struct.Struct("<BId")
"""(kind, number, value): SAMPLES has bytes and rate, REFUSED the index of a Reason and a value."""
READY, ACCEPTED, SAMPLES, DONE, REFUSED = range(1, 6)
MAX_REPLY_BYTES = 1 << 18
REASONS = tuple(Reason)


@dataclass(frozen=True, slots=True)
class Job:
    file_bytes: int
    max_seconds: float
    max_samples: int
    sample_rate: int
    """0: the file's own."""
    cpu_s: int
    memory_bytes: int
    """Beyond the file's own."""

    def pack(self) -> bytes:
        return _JOB.pack(*astuple(self))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        return cls(*_JOB.unpack(data))

    @property
    def limits(self) -> AudioLimits:
        return AudioLimits(self.file_bytes, self.max_seconds, self.max_samples)
