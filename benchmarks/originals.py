"""Each network against the package that it was first published in: the same weights, the same sound
or text, two threads, both sides in turns in processes of their own.

An original that does not install here, or asks for weights that it alone can fetch, is skipped with
the reason. Their dependencies contradict each other and ours: give an environment of their own with
--original_python (see docs/benchmarks.md).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import material
from benchmarks.checkpoints import real, written
from benchmarks.figures import Line, compared
from benchmarks.interleaved import take_turns
from benchmarks.setup import Setup
from contract.config import ModelConfig

_MOST = 0.7
_MADE = {"openvoice_v2": "OpenVoiceV2ToneConverter", "voicefixer": "VoiceFixerVocoder"}
"""Families whose weights are made up, and the model type of each that is compared."""
_KOKORO = "kokoro"


def run(setup: Setup) -> Iterator[Line]:
    for model_type, entry in _entries(setup).items():
        with (
            _side(sys.executable, "ours", entry) as ours,
            _side(setup.original_python or sys.executable, "original", entry) as original,
        ):
            if reason := original.skipped or ours.skipped:
                print(f"{model_type}: skipped: {reason}", file=sys.stderr)
                continue
            found = take_turns({"ours": ours.measure, "original": original.measure}, setup.rounds)
        for index, (what, limit) in enumerate((("", None), (", processor", _MOST))):
            sides = [[pair[index] for pair in found[side]] for side in ("ours", "original")]
            yield compared(f"{model_type}{what}", "s/s", *sides, limit=limit)


def _entries(setup: Setup) -> dict[str, ModelConfig]:
    encoder = ModelConfig.model_validate(material.entry("speaker-encoder"))
    kokoro = ModelConfig.model_validate(material.entry(_KOKORO))
    made = written(setup.folder / "weights", *_MADE)
    more = {"HarmonySpeechEncoder": encoder, "KokoroSynthesizer": kokoro}
    return real() | more | {kind: made[kind] for kind in _MADE.values()}


class _Side:
    """A process that does its work once for each line that it is sent."""

    def __init__(self, process: subprocess.Popen[str], entry: ModelConfig) -> None:
        self._process = process
        answer = self._ask(entry.model_dump_json())
        self.skipped: str = answer["skipped"]

    def measure(self) -> tuple[float, float]:
        """Seconds, and processor seconds, for a second of sound."""
        answer = self._ask("")
        return answer["seconds"], answer["processor_s"]

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            return {"skipped": "its process ended; run it by itself to see why"}
        found: dict[str, Any] = json.loads(answer)
        return found


@contextmanager
def _side(python: str, name: str, entry: ModelConfig) -> Iterator[_Side]:
    command = [python, "-m", "benchmarks.one_original", name]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=material.ROOT, stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield _Side(process, entry)
        finally:
            process.kill()
