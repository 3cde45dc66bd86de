"""One decoder as its server sees it: a child process and the connection to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import anyio.to_thread

from contract.audio.codec import Audio
from transport.decoding.connection import DecoderConnection
from transport.decoding.protocol import Job

_ARGUMENTS = ("-P", "-s", "-m", "transport.decoding.worker")


class DecoderProcess:
    """Starts at once and is not waited for: its first file waits in the socket until it is up."""

    def __init__(self) -> None:
        """Raises OSError when no process can be started."""
        ours, theirs = socket.socketpair()
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
        self._connection = DecoderConnection(ours)
        self.files = 0
        """Files that it was given."""

    @property
    def process_id(self) -> int:
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    @property
    def ended(self) -> str:
        """How it ended, for logs and metrics: a signal's name, or exit_ and a number."""
        code = self._child.returncode
        return signal.Signals(-code).name if code < 0 else f"exit_{code}"

    @property
    def may_go_on(self) -> bool:
        """It waits for a file, whatever became of the last."""
        return self._connection.is_idle and self.is_alive

    async def decode(self, job: Job, data: bytes) -> Audio:
        """As DecoderConnection.decode. Cancelled, it may not go on, unless it had not begun."""
        self.files += 1
        return await self._connection.decode(job, data)

    async def stop(self) -> None:
        """Kill it and wait until it is gone."""
        self.kill()
        await anyio.to_thread.run_sync(self.wait)

    def kill(self) -> None:
        self._connection.close()
        self._child.kill()

    def wait(self) -> None:
        self._child.wait()


def _environment() -> dict[str, str]:
    """Where our modules are, and nothing that the server knows: no keys, tokens or addresses.

    One thread for BLAS, one arena for malloc: what more would reserve counts as memory used.
    """
    return {
        "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
    }
