"""What the kernel says about a process. Linux only."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def memory_bytes(process_id: int) -> int:
    """Resident now."""
    return _status(process_id, "VmRSS")


def peak_memory_bytes(process_id: int) -> int:
    """Most that ever was resident."""
    return _status(process_id, "VmHWM")


def family(process_id: int) -> list[int]:
    """A process and those that it has started, at this moment."""
    found = [process_id]
    for parent in found:
        for thread in Path(f"/proc/{parent}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def cpu_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def until(found: Callable[[], T], within_s: float = 60.0) -> T:
    """Ask again and again until the answer is true."""
    end_s = time.monotonic() + within_s
    while not (answer := found()):
        assert time.monotonic() < end_s, "it never came true"
        await asyncio.sleep(0.01)
    return answer


def _status(process_id: int, name: str) -> int:
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) << 10
