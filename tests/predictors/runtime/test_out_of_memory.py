"""Errors that mean memory ran out, whichever library raised them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from predictors.runtime.out_of_memory import is_out_of_memory


class OutOfMemoryError(RuntimeError):
    """Named as torch names it."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("tried to allocate 2 GiB"),
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"),
    ],
)
def test_out_of_memory_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("shape mismatch"), ValueError("out of memory")])
def test_other_errors_are_not(error: Exception) -> None:
    assert not is_out_of_memory(error)


_BEGUN_IMPORTS = """
import sys, types
from predictors.runtime.out_of_memory import give_memory_back

for name in ("torch", "torch.cuda"):  # what other threads see while one imports torch
    sys.modules[name] = types.ModuleType(name)
    give_memory_back()
"""


def test_memory_goes_back_while_another_thread_imports_torch() -> None:
    """Else the error of a load that failed at that time was lost, and the model was "loading"
    until somebody asked again."""
    done = subprocess.run([sys.executable, "-c", _BEGUN_IMPORTS], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
