"""Memory that was freed goes back to the system."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from pathlib import Path
from predictors.runtime.heap import give_back_free_memory, limit_heaps

def resident_mb():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024

limit_heaps()
kept = []
def work():
    blocks = [bytearray(100_000) for _ in range(1000)]
    kept.append(bytearray(100_000))  # what lies above keeps the heap from shrinking by itself
    del blocks

thread = threading.Thread(target=work)
thread.start()
thread.join()
before = resident_mb()
give_back_free_memory()
print(before, resident_mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heaps")
def test_what_a_thread_has_freed_is_given_back():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    before, after = map(int, done.stdout.split())
    assert after < before - 60
