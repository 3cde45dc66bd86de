"""One decoder as its server sees it: a child process and the socket to it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys

import anyio.to_thread
import numpy as np

from contract.audio.codec import Audio
from contract.audio.refusals import MAX_RATE, MIN_RATE, AudioRefused
from transport.decoding.protocol import (
    ACCEPTED,
    DONE,
    MAX_REPLY_BYTES,
    REASONS,
    REFUSED,
    REPLY,
    SAMPLES,
    Job,
)

_RESAMPLING_SLACK_S = 1.0


class DecoderDied(Exception):
    """It ended, or said what no decoder says. `is_started`: it had taken the file."""

    def __init__(self, *, is_started: bool) -> None:
        super().__init__()
        self.is_started = is_started


class DecoderProcess:
    """Starts at once and is not waited for: its first file waits in the socket until it is up."""

    def __init__(self) -> None:
        self._link, theirs = socket.socketpair()
        self._link.setblocking(False)
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, *_ARGUMENTS, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # an interrupt from the terminal is the server's to handle
            )
        self.files = 0
        """Files that it was given."""

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    @property
    def process_id(self) -> int:
        return self._child.pid

    async def decode(self, job: Job, data: bytes) -> Audio:
        """Raises AudioRefused, after which it can decode on, and DecoderDied.

        Stop it when this is cancelled: it would answer the next request with this one's sound.
        """
        self.files += 1
        is_started = False
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(self._link, job.pack())
            await loop.sock_sendall(self._link, data)
            kind, _, _ = await self._reply()
            is_started = kind == ACCEPTED
            return await self._samples(job)
        except (OSError, EOFError, ValueError, OverflowError) as exc:
            raise DecoderDied(is_started=is_started) from exc

    async def stop(self) -> str:
        """Kill it and wait until it is gone. Returns how it ended, for logs and metrics."""
        self.kill()
        await anyio.to_thread.run_sync(self.wait)
        return self.ended

    def kill(self) -> None:
        self._link.close()
        self._child.kill()

    def wait(self) -> None:
        self._child.wait()

    @property
    def ended(self) -> str:
        code = self._child.returncode
        return signal.Signals(-code).name if code < 0 else f"exit_{code}"

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
                raise ValueError

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


_ARGUMENTS = ("-P", "-s", "-m", "transport.decoding.worker")


def _environment() -> dict[str, str]:
    """Where our modules are, and nothing that the server knows: no keys, tokens or addresses.

    One thread for BLAS, one arena for malloc: what more would reserve counts as memory used.
    """
    return {
        "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
    }


def _checked_rate(known: int, value: float, job: Job) -> int:
    rate = int(value)
    if not MIN_RATE <= rate <= MAX_RATE or rate not in (known or rate, job.sample_rate or rate):
        raise ValueError
    return rate


def _check_size(size: int, so_far: int, rate: int, job: Job) -> None:
    most = min(job.max_samples, (job.max_seconds + _RESAMPLING_SLACK_S) * rate)
    if size % 4 or not 0 < size <= MAX_REPLY_BYTES or so_far + size > 4 * most:
        raise ValueError
