"""A predictor server in a process of its own, as a pod runs it: real HTTP, real gRPC, real signals.

Run as a program, this file serves the tiny model types and a synthesizer that waits for a file to
appear, so that a test decides when a forward pass ends:

    python served.py HTTP_PORT GRPC_PORT GATE_FILE
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from contract.config import ModelConfig
from contract.tasks import AudioOutput, SynthesizeInput, Task
from predictors.runtime.settings import Settings
from transport import logs

ROOT = Path(__file__).parents[2]
GATED = "gated"


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    http_port: int
    grpc_port: int
    log_file: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def wait_until_ready(self, model: str) -> None:
        deadline_s = time.monotonic() + 60
        while not self._is_ready(model):
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise AssertionError(f"{model} never became ready:\n{self.log}")
            time.sleep(0.1)

    def stop(self) -> int:
        """End it as Kubernetes does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def _is_ready(self, model: str) -> bool:
        try:
            return httpx.get(f"{self.url}/v2/models/{model}/ready").is_success
        except httpx.TransportError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], log_file: Path, ports: tuple[int, int], **environment: str
) -> Iterator[Server]:
    """Start a program that serves on these ports; it is killed if it outlives the test."""
    paths = [str(ROOT), str(ROOT / "tests/support"), environment.pop("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | environment
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=ROOT)
    try:
        yield Server(process, *ports, log_file)
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Gate:
    """Two files between a test and the gated model: one lets it answer, one tells what it got."""

    folder: Path

    @property
    def is_open(self) -> bool:
        return (self.folder / "open").exists()

    @property
    def started(self) -> list[str]:
        """Texts whose forward pass has begun."""
        path = self.folder / "started"
        return path.read_text().splitlines() if path.exists() else []

    def open(self) -> None:
        (self.folder / "open").touch()

    def close(self) -> None:
        (self.folder / "open").unlink(missing_ok=True)
        (self.folder / "started").unlink(missing_ok=True)

    def tell(self, text: str) -> None:
        with (self.folder / "started").open("a") as file:
            file.write(text + "\n")


@contextmanager
def tiny_server(folder: Path, program: str = __file__, **environment: str) -> Iterator[Server]:
    """The program below, or one that takes the same arguments; its gate in the same folder."""
    ports = (free_port(), free_port())
    command = [sys.executable, program, *map(str, ports), str(folder)]
    with running(command, folder / "server.log", ports, **environment) as server:
        yield server


def main(http_port: int, grpc_port: int, gate: Gate) -> None:
    from tiny_models import TINY_MODEL_TYPES, TinySynthesizer, tiny_config

    from predictors.runtime.model import Weights
    from predictors.runtime.repository import ModelRepository
    from predictors.server import serve

    class GatedSynthesizer(TinySynthesizer):
        """Answers anything but its warm-up only while the gate is open."""

        def run(self, batch: Sequence[SynthesizeInput]) -> list[AudioOutput]:
            if batch[0].text != self.warm_up_request().text:
                gate.tell(batch[0].text)
                while not gate.is_open:
                    time.sleep(0.01)
            return super().run(batch)

    class BrokenSynthesizer(TinySynthesizer):
        """Cannot be loaded."""

        @classmethod
        def load(cls, config: ModelConfig, weights: Weights) -> Self:
            raise OSError("/secret/path/weights.bin: no such file")

    settings = Settings()
    logs.configure(settings.log_level)
    repository = ModelRepository(settings)
    for task, kind in TINY_MODEL_TYPES.items():
        repository.add(tiny_config(task), kind)
    for name, kind in ((GATED, GatedSynthesizer), ("broken", BrokenSynthesizer)):
        config = tiny_config(Task.SYNTHESIZE, name).model_dump() | {"max_batch_size": 1}
        repository.add(ModelConfig.model_validate(config), kind)
    serve(repository, http_port=http_port, grpc_port=grpc_port)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Gate(Path(sys.argv[3])))
