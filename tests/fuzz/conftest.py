"""How long to look: seconds with the other tests, as long as wanted by `make fuzz`."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def fuzz_cases() -> int:
    """Cases of each target. FUZZ_CASES=100000 looks for minutes."""
    return int(os.environ.get("FUZZ_CASES", "3000"))


@pytest.fixture(scope="session")
def fuzz_seed() -> int:
    """FUZZ_SEED=2 looks elsewhere. A failure names the case, and the same seed brings it back."""
    return int(os.environ.get("FUZZ_SEED", "1"))
