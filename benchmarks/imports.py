"""What each server imports before it can begin, by top-level package."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

from benchmarks.figures import Line
from benchmarks.material import ROOT
from benchmarks.setup import Setup

MODULES = (
    "ingress.server",
    "harmony.serve",
    "predictors.server, transport.kserve.server",
    "transformer.server",
)
_SHOWN = 8
_ROW = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\w+)")


def run(setup: Setup) -> Iterator[Line]:
    for module in MODULES:
        spent = own_ms(_report(module))
        yield Line(f"{module}: all", "ms", sum(spent.values()))
        for name, ms in spent.most_common(_SHOWN):
            yield Line(f"{module}: {name}", "ms", ms)


def own_ms(report: str) -> Counter[str]:
    """Milliseconds spent in each top-level package itself, of Python's -X importtime report."""
    spent: Counter[str] = Counter()
    for microseconds, package in _ROW.findall(report):
        spent[package] += int(microseconds) / 1000  # type: ignore[assignment]
    return spent


def _report(module: str) -> str:
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    reports = [
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
        for _ in range(2)  # the first fills the disk's cache
    ]
    return reports[-1]
