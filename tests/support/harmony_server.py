"""`harmony serve` as a user starts it, in a process of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from served import ROOT, Server, free_port, running


@contextmanager
def harmony_server(
    log: Path, config: Path = ROOT / "config.yml", *flags: str, **environment: str
) -> Iterator[Server]:
    """Once it listens; models load meanwhile."""
    port = free_port()
    command = [sys.executable, "-c", "from harmony.cli import main; main()"]
    command += ["serve", "--config", str(config), "--port", str(port), *flags]
    with running(command, log, (port, port), **environment) as started:
        while "answers at" not in started.log:
            assert started.process.poll() is None, started.log
            time.sleep(0.1)
        yield started
