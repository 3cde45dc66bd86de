"""OpenMP itself tells how its threads wait; it can be asked only in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
from predictors.runtime.openmp import set_openmp_passive
set_openmp_passive()
import ctranslate2
"""


@pytest.mark.parametrize(
    ("operators_own", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")]
)
def test_waiting_threads_sleep_unless_the_operator_says_otherwise(operators_own, policy):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OMP_")}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_DISPLAY_ENV": "TRUE"} | operators_own
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    ).stderr
    assert f"OMP_WAIT_POLICY = '{policy}'" in output


def test_the_servers_load_no_openmp_before_they_have_set_it():
    """It would be too late then."""
    program = "import sys, harmony.serve, predictors.server; print('ctranslate2' in sys.modules, "
    program += "'torch' in sys.modules, 'libgomp' in open('/proc/self/maps').read())"
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == ["False", "False", "False"]
