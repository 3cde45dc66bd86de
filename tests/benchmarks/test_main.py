"""What whoever starts a measurement is answered."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.material import ROOT


@pytest.mark.parametrize("section", ["gpu", "gpu_serving", "gpu_transcription"])
def test_a_gpu_section_says_what_is_missing_where_there_is_no_device(section: str):
    hidden = {"CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "benchmarks", section]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | hidden, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert line == f"{section}: torch finds no CUDA device; run this where there is one"


def test_a_peer_that_is_not_named_is_asked_for():
    command = [sys.executable, "-m", "benchmarks", "peer"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "--peer_url" in ended.stderr
