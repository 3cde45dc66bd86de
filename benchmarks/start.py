"""(d) From the start of each server to its first answers, its memory, and what its imports cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from benchmarks import material
from benchmarks.figures import Line, median
from benchmarks.interleaved import take_turns
from benchmarks.server import Server, free_port, harmony, running
from benchmarks.setup import Setup, transcribe

_READY = "/health/ready"
_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Program:
    """A server, what it answers when it is up, and its first request."""

    name: str
    command: Callable[[int], list[str]]
    is_open: str
    """A path that answers 200 once the port is open."""
    first: Callable[[Server], object]
    """Waits for, and asks, whatever the program serves."""
    limit_s: float | None = None
    """Our aim for the time until it listens."""


@dataclass(frozen=True, slots=True)
class Start:
    open_s: float
    open_cpu_s: float
    open_mb: float
    first_s: float
    """From the start until the first request was answered, models loaded."""
    first_mb: float


def run(setup: Setup) -> Iterator[Line]:
    programs = _programs(setup)
    starts: dict[str, list[Start]] = {program.name: [] for program in programs}

    def measure(program: Program) -> float:
        start = _start(setup, program)
        starts[program.name].append(start)
        return start.open_s

    rounds = max(1, setup.rounds // 2)
    for program in programs:
        _start(setup, program)  # reads everything from the disk, which is not measured
    take_turns({program.name: partial(measure, program) for program in programs}, rounds)
    for program in programs:
        yield from _lines(program, starts[program.name])


def _programs(setup: Setup) -> list[Program]:
    python = sys.executable
    programs = [
        Program("ingress alone", partial(_ingress, python), _READY, _first_listing, 1.0),
        Program("harmony serve", partial(_harmony, python), _READY, _first_words),
    ]
    if setup.lean_python is not None:
        lean = partial(_harmony, setup.lean_python)
        programs += [Program("harmony serve, no torch", lean, _READY, _first_words, 3.0)]
    for name in (material.WHISPER, "silero-vad", material.VOICE):
        programs.append(_predictor(python, name, material.entry(name)["model_type"]))
    toolchain = [python, "-m", "transformer", "--toolchain", "openvoice_v2"]
    programs.append(_kserve("transformer openvoice_v2", toolchain, "openvoice_v2"))
    return programs


def _ingress(python: str, port: int) -> list[str]:
    address = ["--host", "127.0.0.1", "--port", str(port)]
    return [python, "-m", "ingress", "--config", str(material.CONFIG), *address]


def _harmony(python: str, port: int) -> list[str]:
    return harmony(python, material.CONFIG, port)


def _predictor(python: str, name: str, model_type: str) -> Program:
    entry = json.dumps(material.entry(name))
    command = [python, "-m", "predictors", "--model_config", entry]
    return _kserve(f"predictor {model_type}", command, name)


def _kserve(name: str, command: Sequence[str], model: str) -> Program:
    def with_ports(port: int) -> list[str]:
        config = ["--config", str(material.CONFIG)] if "transformer" in command else []
        ports = ["--http_port", str(port), "--grpc_port", str(free_port())]
        return [*command, *config, *ports]

    def first(server: Server) -> None:
        server.wait_for(f"/v2/models/{model}/ready")

    return Program(name, with_ports, "/v2/health/live", first)


def _first_listing(server: Server) -> None:
    server.wait_for("/v1/models")


def _first_words(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=_TIMEOUT_S, trust_env=False) as http:
        transcribe(http, material.WHISPER, material.clips()["2 s clip"])


def _start(setup: Setup, program: Program) -> Start:
    port = free_port()
    with running(program.command(port), port, setup.folder) as server:
        open_s = server.wait_for(program.is_open)
        open_cpu_s, open_mb = server.cpu_s(), server.memory_mb()
        program.first(server)
        first_s = server.age_s
        return Start(open_s, open_cpu_s, open_mb, first_s, server.memory_mb())


def _lines(program: Program, starts: Sequence[Start]) -> list[Line]:
    def line(what: str, unit: str, values: Sequence[float], limit: float | None = None) -> Line:
        return Line(f"{program.name}: {what}", unit, median(values), limit=limit)

    return [
        line("listening", "s", [one.open_s for one in starts], program.limit_s),
        line("processor time until then", "s", [one.open_cpu_s for one in starts]),
        line("first answer", "s", [one.first_s for one in starts]),
        line("memory, listening", "MB", [one.open_mb for one in starts]),
        line("memory, after it", "MB", [one.first_mb for one in starts]),
    ]
