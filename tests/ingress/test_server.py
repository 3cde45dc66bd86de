"""The ingress as its own process: it starts fast and light, and tells what it cannot use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from fake_kubernetes_api import FakeKubernetesApi, inference_service, kubeconfig, serving
from ingress_app import CONFIG

from ingress.server import main

ROOT = Path(__file__).parents[2]
HEAVY = (
    *("torch", "kserve", "faster_whisper", "ctranslate2", "onnxruntime", "transformers"),
    "kubernetes",
)
READY_WITHIN_S = 10.0
"""Far above the second it takes alone: several test runs may share the machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yml"
    path.write_text(CONFIG)
    return path


def test_it_serves_and_ends_on_sigterm(config: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "ingress", "--config", str(config), "--port", str(port)]
    process = subprocess.Popen([*command, "--host", "127.0.0.1"], cwd=ROOT, stderr=subprocess.PIPE)
    try:
        _wait_until_ready(port)
        models = httpx.get(f"http://127.0.0.1:{port}/v1/models").json()["data"]
        assert "openvoice_v2" in {model["id"] for model in models}
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b'"path": "/v1/models"' in log
    assert b"Traceback" not in log


def test_it_watches_a_cluster_and_ends_on_sigterm(config: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "ingress", "--config", str(config), "--port", str(port)]
    with serving(FakeKubernetesApi()) as api:
        watching = {
            "SPEECH_DISCOVERY": "kubernetes",
            "SPEECH_KUBECONFIG": str(kubeconfig(api, tmp_path)),
        }
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1"],
            cwd=ROOT,
            env=os.environ | watching,
            stderr=subprocess.PIPE,
        )
        try:
            _wait_until_ready(port)
            api.until("watch", 1, timeout_s=30)
            api.put(inference_service("amy"))
            _wait_until_listed(port, "amy")
        finally:
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"Traceback" not in log


def _wait_until_listed(port: int, name: str) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while httpx.get(f"http://127.0.0.1:{port}/v1/models/{name}").status_code == 404:
        assert time.monotonic() < end, f"{name} was not listed"
        time.sleep(0.05)


def _wait_until_ready(port: int) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
            return
        except httpx.TransportError:
            assert time.monotonic() < end, "the ingress did not become ready"
            time.sleep(0.05)


def test_it_imports_nothing_heavy() -> None:
    code = f"import sys, ingress.server; print([m for m in {HEAVY} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPEECH_API_KEYS_FILE", "/nowhere/keys"),
        ("SPEECH_MAX_BODY_MB", "many"),
        ("SPEECH_MIDDLEWARE", '["nowhere:Nothing"]'),
        ("SPEECH_TRUSTED_PROXIES", "10.0.0.7, proxy.example"),
        ("SPEECH_TRUSTED_PROXIES", "10.1.2.3/16"),
        ("SPEECH_CORS_ORIGINS", "app.example.com"),
        ("SPEECH_CORS_ORIGINS", "https://*.example.com"),
        ("SPEECH_CORS_ORIGINS", "https://app.example.com/page"),
    ],
)
def test_wrong_settings_are_named(
    config: Path,
    variable: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as caught:
        main(["--config", str(config)])
    assert caught.value.code == 2
    assert variable in capsys.readouterr().err


def test_a_missing_config_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--config", str(tmp_path / "absent.yml")])
    assert "absent.yml" in capsys.readouterr().err


def test_a_port_in_use_is_named_with_what_to_do(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as caught:
            main(["--config", str(config), "--host", "127.0.0.1", "--port", str(port)])
    assert caught.value.code == 2
    assert f"Cannot listen on 127.0.0.1, port {port}" in capsys.readouterr().err


def test_a_metrics_port_in_use_is_named(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("SPEECH_METRICS_PORT", str(taken.getsockname()[1]))
        with pytest.raises(SystemExit):
            main(["--config", str(config), "--host", "127.0.0.1", "--port", "0"])
    assert "SPEECH_METRICS_PORT: cannot listen on 127.0.0.1" in capsys.readouterr().err
