"""Measure this system against the libraries it is made of. READ FIRST.

python -m benchmarks [SECTION ...] [--rounds N] [--lean_python PATH] [--device cpu]

Both sides are measured in turns in one run, because machines are never alone; what counts is the
ratio. The result cache is off, both sides have two threads, and the same files and options.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks.figures import Line, machine, table
from benchmarks.server import ENVIRONMENT
from benchmarks.setup import Missing, Peer, Setup
from predictors.runtime.telemetry import disable_telemetry

SECTIONS = {
    "transcription": "Transcription: the ingress against faster-whisper",
    "speech": "Speech: the ingress against Piper",
    "start": "Start and memory",
    "model_start": "Before a model is ready: imports, weights and warm-up",
    "imports": "Imports before the start",
    "burst": "A burst of 60 clips",
    "intelligibility": "What Whisper hears of fifty sentences that Kokoro speaks, a language each",
    "first_sound": "Kokoro through the ingress: the first sound, and many clients",
    "networks": "Every model type alone",
    "originals": "Each network against the package that it was first published in",
    "runtime": "The runtime around a model that does nothing",
    "cloning": "Voice cloning: steps side by side against steps in a row",
    "diarization": "Diarization: errors on conversations with known turns, and time",
    "long_recordings": "A long recording on two replicas against one, tiny.en",
    "denoising": "Denoising: signal to noise before and after, and time",
    "wire": "A result on its way: conversion against inference",
    "realtime": "The realtime socket, tiny.en",
    "decoding": "Decoding in processes, against a thread of the server and against PyAV alone",
    "peer": "Against another server of OpenAI's API",
    "gpu": "On a CUDA device: every model type through the runtime against its passes alone",
    "gpu_serving": "On a CUDA device: toolchains as clients are added",
    "gpu_transcription": "On a CUDA device: Whisper against faster-whisper",
}
"""Modules of this package, each with run(setup) → lines, as they are measured."""
_ON_REQUEST = ("peer", "gpu", "gpu_serving", "gpu_transcription")
"""What needs more than this machine has by itself."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print one table per section. Returns 1 when an aim is missed, 2 where a section can't run."""
    parser = _parser()
    chosen = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that servers end with us
    os.environ.update(ENVIRONMENT)  # before a library that reads it is imported
    disable_telemetry()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}\n", flush=True)
    missed = 0
    for name in chosen.sections or [one for one in SECTIONS if one not in _ON_REQUEST]:
        try:
            lines = list(_measure(name, chosen))
        except Missing as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            return 2
        print(table(SECTIONS[name], lines), flush=True)
        missed += sum(line.is_met is False for line in lines)
    print(f"{machine()}\n{missed} aims missed." if missed else f"{machine()}\nEvery aim is met.")
    return 1 if missed else 0


def _measure(name: str, chosen: argparse.Namespace) -> Iterator[Line]:
    run: Callable[[Setup], Iterator[Line]] = import_module(f"benchmarks.{name}").run
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(
            chosen.rounds,
            Path(folder),
            chosen.lean_python,
            device=chosen.device,
            original_python=chosen.original_python,
            peer=chosen.peer_url and Peer(chosen.peer_url, chosen.peer_voice, chosen.peer_whisper),
        )
        for line in run(setup):
            print(f"… {line}", file=sys.stderr, flush=True)
            yield line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "sections",
        nargs="*",
        choices=[[], *SECTIONS],
        help="default: all that need no GPU and no other server",
    )
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each figure")
    parser.add_argument(
        "--lean_python", help="interpreter without torch that has the embedded extra installed"
    )
    parser.add_argument(
        "--device",
        default="cuda",
        choices=["cuda", "cpu"],
        help="for the sections that need a GPU; cpu: small networks, so that what is left is "
        "everything around them",
    )
    parser.add_argument(
        "--original_python", help="interpreter that has the originals' packages beside ours"
    )
    parser.add_argument("--peer_url", help="of another server, for `peer`")
    parser.add_argument("--peer_voice", help="what it calls the Piper model of ours")
    parser.add_argument("--peer_whisper", help="what it calls Whisper tiny.en")
    return parser


if __name__ == "__main__":
    sys.exit(main())
