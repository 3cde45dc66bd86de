"""Our programs make the model libraries report nothing: no id of the machine, nothing to send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from served import free_port, running

ROOT = Path(__file__).parents[3]
ENTRY = {"name": "vad", "model": "silero-vad", "model_type": "SileroVAD"}


def _bare(home: Path, *command: str) -> list[str]:
    """With no variable that silences libraries, as `CI` does."""
    own = {"HOME": home, "XDG_CACHE_HOME": home, "PATH": os.environ["PATH"], "PYTHONPATH": ROOT}
    return ["env", "-i", *(f"{name}={value}" for name, value in own.items()), *command]


@pytest.mark.weights
def test_a_predictor_leaves_nothing_to_send(tmp_path: Path) -> None:
    ports = (free_port(), free_port())
    home = tmp_path / "home"
    command = _bare(home, sys.executable, "-m", "predictors", "--model_config", json.dumps(ENTRY))
    command += ["--http_port", str(ports[0]), "--grpc_port", str(ports[1])]
    with running(command, tmp_path / "log", ports) as server:
        server.wait_until_ready("vad")
        assert server.stop() == 0
    assert list(home.rglob("*")) == []


@pytest.mark.weights
def test_pulling_weights_leaves_nothing_to_send(tmp_path: Path) -> None:
    config, home = tmp_path / "config.yml", tmp_path / "home"
    config.write_text(json.dumps({"model_configs": [ENTRY]}))
    program = "from harmony.cli import main; main()"
    command = _bare(home, sys.executable, "-c", program, "pull", "--config", str(config))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize(
    ("operators_own", "value"), [({}, "1"), ({"HF_HUB_DISABLE_TELEMETRY": "0"}, "0")]
)
def test_an_operators_own_choice_stays(operators_own, value) -> None:
    program = "import os; from predictors.runtime.telemetry import disable_telemetry; "
    program += "disable_telemetry(); print(os.environ['HF_HUB_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]} | operators_own,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == value
