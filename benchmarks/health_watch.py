"""Looks at /health every 50 ms until its input ends, then prints the milliseconds of each look.

python -m benchmarks.health_watch http://127.0.0.1:8080
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

_EVERY_S = 0.05
_TIMEOUT_S = 120


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
