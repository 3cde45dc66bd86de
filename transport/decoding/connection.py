"""A server's end of the socket to a decoder, which it believes nothing."""

from __future__ import annotations

import asyncio
import socket

import numpy as np

from contract.audio.codec import Audio
from transport.decoding.protocol import (
    ACCEPTED,
    DONE,
    MAX_REPLY_BYTES,
    READY,
    REASONS,
    REFUSED,
    REPLY,
    SAMPLES,
    Job,
)
from transport.decoding.refusals import MAX_RATE, MIN_RATE, AudioRefused

_RESAMPLING_SLACK_S = 1.0


class DecoderDied(Exception):
    """It ended, or said what no decoder says. `has_file`: it had taken the whole file."""

    def __init__(self, *, has_file: bool) -> None:
        super().__init__()
        self.has_file = has_file


class DecoderConnection:
    def __init__(self, link: socket.socket) -> None:
        link.setblocking(False)
        self._link = link
        self._is_ready = False
        self.is_idle = True
        """Nothing was sent that is not answered yet, so it may be used again."""

    async def decode(self, job: Job, data: bytes) -> Audio:
        """Raises AudioRefused, after which the next file may follow, and DecoderDied."""
        has_file = False
        try:
            await self._wait_until_ready()
            await self._send(job, data)
            await self._expect(ACCEPTED)
            has_file = True
            audio = await self._samples(job)
        except AudioRefused:
            self.is_idle = True
            raise
        except (OSError, EOFError, ValueError, OverflowError) as exc:
            raise DecoderDied(has_file=has_file) from exc
        self.is_idle = True
        return audio

    async def _wait_until_ready(self) -> None:
        if not self._is_ready:
            await self._expect(READY)
            self._is_ready = True

    async def _send(self, job: Job, data: bytes) -> None:
        self.is_idle = False
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._link, job.pack())
        await loop.sock_sendall(self._link, data)

    async def _expect(self, expected: int) -> None:
        kind, number, value = await self._reply()
        if kind == REFUSED and number < len(REASONS):  # the file alone was too much
            raise AudioRefused(REASONS[number], value)
        if kind != expected:
            raise ValueError("no decoder says this")

    def close(self) -> None:
        self.is_idle = False
        self._link.close()

    async def _samples(self, job: Job) -> Audio:
        found = bytearray()
        rate = 0
        while True:
            kind, number, value = await self._reply()
            if kind == SAMPLES:
                rate = _checked_rate(rate, value, job)
                _check_size(number, len(found), rate, job)
                found += await self._exactly(number)
            elif kind == DONE and found:
                return Audio(np.frombuffer(found, "<f4"), rate)
            elif kind == REFUSED and number < len(REASONS):
                raise AudioRefused(REASONS[number], value)
            else:
                raise ValueError("no decoder says this")

    async def _reply(self) -> tuple[int, int, float]:
        kind, number, value = REPLY.unpack(await self._exactly(REPLY.size))
        return kind, number, value

    async def _exactly(self, size: int) -> bytearray:
        loop = asyncio.get_running_loop()
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            got = await loop.sock_recv_into(self._link, rest)
            if not got:
                raise EOFError
            rest = rest[got:]
        return data


def _checked_rate(known: int, value: float, job: Job) -> int:
    rate = int(value)
    if not MIN_RATE <= rate <= MAX_RATE or rate != (known or job.sample_rate or rate):
        raise ValueError("no rate of sound")
    return rate


def _check_size(size: int, so_far: int, rate: int, job: Job) -> None:
    most = min(job.max_samples, (job.max_seconds + _RESAMPLING_SLACK_S) * rate)
    if size % 4 or not 0 < size <= MAX_REPLY_BYTES or so_far + size > 4 * most:
        raise ValueError("more samples than the request allows")
