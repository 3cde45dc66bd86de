"""Looks at /health every 50 ms until its input ends, then prints the milliseconds of each look.

python -m benchmarks.health_watch http://127.0.0.1:8080
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
_EVERY_S = 0.05
_TIMEOUT_S = 120


@contextmanager
def watched(url: str) -> Iterator[list[float]]:
    """Milliseconds of each look at /health, filled when the body is over. The watcher is a process
    of its own: sixty requests in this one would delay it."""
    found: list[float] = []
    command = [sys.executable, "-m", "benchmarks.health_watch", url]
    watcher = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert watcher.stdout is not None
    watcher.stdout.readline()  # it has begun
    try:
        yield found
    finally:
        report, _ = watcher.communicate("end\n")
        found.extend(json.loads(report))


def main(url: str) -> None:
    ended = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()
    port = urlsplit(url).port
    assert port is not None
    look(port)  # the first one pays for imports and connections
    print("begun", flush=True)
    found = []
    while not ended.is_set():
        found.append(look(port))
        time.sleep(_EVERY_S)
    print(json.dumps(found))


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.readline()
    ended.set()


def look(port: int) -> float:
    """Milliseconds. A new connection each time, as a kubelet makes it. Raises OSError."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    finally:
        connection.close()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1])
