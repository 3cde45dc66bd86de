"""A server in a process of its own, as its users start it: time until it answers, and memory."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.material import ROOT

THREADS = 2
ENVIRONMENT = {
    "OMP_NUM_THREADS": str(THREADS),
    # The result cache would answer every round but the first.
    "SPEECH_CACHE_MB": "0",
}
_PATIENCE_S = 180
_POLL_S = 0.005
_STOP_S = 60


class DidNotStart(RuntimeError):
    """Holds the end of the server's log."""


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log_file: Path
    started_s: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def age_s(self) -> float:
        return time.perf_counter() - self.started_s

    def wait_for(self, path: str) -> float:
        """Seconds from the start until `path` answers 200. Raises DidNotStart."""
        while not self._answers(path):
            if self.process.poll() is not None or self.age_s > _PATIENCE_S:
                raise DidNotStart(self.log_file.read_text(encoding="utf-8")[-4000:])
            time.sleep(_POLL_S)
        return self.age_s

    def memory_mb(self, kind: str = "Rss") -> float:
        """Memory now, its decoders' included: Rss counts shared pages in each process, Pss once."""
        return sum(_memory_kib(one, kind) for one in self._processes()) / 1024

    def cpu_s(self) -> float:
        """Processor seconds used so far, all threads, and of the decoders that run now: what a busy
        machine cannot stretch."""
        return sum(_cpu_s(one) for one in self._processes())

    def _processes(self) -> list[Path]:
        """In /proc: the server's own, and its children."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [Path(f"/proc/{one}") for one in (pid, *children)]

    def _answers(self, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _memory_kib(process: Path, kind: str) -> int:
    lines = (process / "smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))


def _cpu_s(process: Path) -> float:
    user, system = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    command: Sequence[str], port: int, folder: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a program that is to listen on `port`; it is ended as Ctrl-C ends it."""
    log_file = folder / f"{port}.log"
    with log_file.open("wb") as log:
        started_s = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, **ENVIRONMENT, **(variables or {})},
            cwd=ROOT,
        )
    try:
        yield Server(process, port, log_file, started_s)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def harmony(python: str, config: Path, port: int) -> list[str]:
    """`harmony serve`, with the interpreter of any environment that has it installed."""
    main = "from harmony.cli import main; main()"
    return [python, "-c", main, "serve", "--config", str(config), "--port", str(port)]
