"""A model type from a package of its own: installed, served, answering; no line here knows it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from served import Server, free_port, running
from wire_reading import output_from_instance

from contract.tasks import SynthesizeInput

PLUGIN = Path(__file__).parents[1] / "data" / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip has installed the plugin into, from a copy: building writes beside it."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    target = tmp_path_factory.mktemp("site")
    shutil.copytree(PLUGIN, source)
    install = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet"]
    options = ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    done = subprocess.run([*install, *options, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    config = tmp_path_factory.mktemp("config") / "config.yml"
    config.write_text(
        "model_configs:\n"
        "  - {name: low, model: none, model_type: BeepSynthesizer, options: {pitch_hz: 220}}\n"
        "  - {name: unwanted, model: none, model_type: BeepSynthesizer}\n"
    )
    ports = (free_port(), free_port())
    command = [sys.executable, "-m", "predictors", "--config", str(config), "--name", "low"]
    command += ["--http_port", str(ports[0]), "--grpc_port", str(ports[1])]
    log = config.with_name("server.log")
    with running(command, log, ports, PYTHONPATH=str(installed)) as started:
        started.wait_until_ready("low")
        yield started


def test_plugin_speaks(server: Server) -> None:
    url = f"{server.url}/v1/models/low:predict"
    answer = httpx.post(url, json={"instances": [{"text": "beep"}]})
    assert answer.status_code == 200, answer.text
    output = output_from_instance(SynthesizeInput.output, answer.json()["predictions"][0])
    assert output.audio.duration_s == pytest.approx(0.4)  # type: ignore[attr-defined]


def test_only_the_named_entry_is_served(server: Server) -> None:
    assert httpx.get(f"{server.url}/v2/models").json() == {"models": ["low"]}


def test_server_ends_cleanly(server: Server) -> None:
    assert server.stop() == 0


def test_entry_may_come_by_argument_alone(installed: Path, tmp_path: Path) -> None:
    entry = {"name": "argued", "model": "none", "model_type": "BeepSynthesizer"}
    ports = (free_port(), free_port())
    command = [sys.executable, "-m", "predictors", "--model_config", json.dumps(entry)]
    command += ["--http_port", str(ports[0]), "--grpc_port", str(ports[1])]
    log = tmp_path / "server.log"
    with running(command, log, ports, PYTHONPATH=str(installed)) as started:
        started.wait_until_ready("argued")
        assert httpx.get(f"{started.url}/v2/models").json() == {"models": ["argued"]}
