"""What a decoder takes from itself before it reads a byte of any file.

Address space, no new rights and the end with the parent are Linux's; elsewhere, on a laptop, a
decoder is contained by its process, its processor time and its deadline.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # include/uapi/linux/prctl.h
_OPEN_FILES = 16
_NICENESS = 5


def contain(parent_id: int) -> None:
    """No core dumps, no files written, few opened, no more rights; an end with the parent."""
    if sys.platform == "linux":
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Where memory is short, the kernel shall end a decoder before the server.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    if os.getppid() != parent_id:  # it had died before we asked
        os._exit(0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stderr.fileno())  # what a file says must not reach the server's log
    os.close(null)
    os.nice(_NICENESS)  # the server answers first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def _prctl(option: int, value: int) -> None:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    if prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def address_space_bytes() -> int:
    """What this process has reserved now."""
    if sys.platform != "linux":
        return 0
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def allow(memory_bytes: int, cpu_s: int) -> None:
    """Set the soft limits for the next file: address space in all, and processor time from now.

    Beyond the first malloc fails; beyond the second the kernel ends the process with SIGXCPU.
    """
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, resource.RLIM_INFINITY))
    until_s = math.ceil(time.process_time()) + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (until_s, resource.RLIM_INFINITY))
