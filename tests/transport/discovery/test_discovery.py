"""The catalog as its sources change, and where a client then calls."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_kubernetes_api import FakeKubernetesApi, inference_service, kubeconfig, serving
from pydantic import ValidationError

from contract.catalog import Catalog
from transport.client.connection import ConnectionSettings, address_of
from transport.discovery.discovery import Discovery
from transport.discovery.settings import DiscoverySettings, Pace

ROOT = Path(__file__).parents[3]
PACE = Pace(poll_s=0.02, retry_s=0.02, max_retry_s=0.1)
FILE = """
model_configs: [{name: from-file, model: x, model_type: PiperSynthesizer}]
aliases: {models: {tts-1: from-file}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yml"
    path.write_text(FILE)
    return path


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    with serving(FakeKubernetesApi()) as running:
        yield running


def watching(api: FakeKubernetesApi, config: Path) -> Discovery:
    file = kubeconfig(api, config.parent)
    return Discovery(DiscoverySettings(discovery="kubernetes", kubeconfig=file), config, PACE)


def write(config: Path, text: str) -> None:
    config.write_text(text)


def names(catalog: Catalog) -> list[str]:
    return [model.name for model in catalog.current.models]


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_changed_file_replaces_the_catalog(config: Path) -> None:
    async with Discovery(DiscoverySettings(), config, PACE) as catalog:
        assert names(catalog) == ["from-file"]
        assert not catalog.current.availability
        write(config, "model_configs: [")
        await asyncio.sleep(0.1)
        assert names(catalog) == ["from-file"]
        write(config, FILE.replace("from-file", "renamed"))
        await until(lambda: names(catalog) == ["renamed"])
        assert catalog.current.aliases == {"tts-1": "renamed"}


async def test_the_file_stands_until_the_cluster_answers(config: Path) -> None:
    api = FakeKubernetesApi(list_delay_s=0.3)
    api.put(inference_service("from-cluster"))
    with serving(api):
        async with watching(api, config) as catalog:
            assert names(catalog) == ["from-file"]
            await until(lambda: names(catalog) == ["from-cluster"])


async def test_without_an_api_server_the_file_stays(config: Path) -> None:
    api = FakeKubernetesApi()
    with serving(api):
        pass
    async with watching(api, config) as catalog:
        await asyncio.sleep(0.3)
        assert names(catalog) == ["from-file"]


async def test_aliases_come_from_the_file_and_follow_it(
    api: FakeKubernetesApi, config: Path
) -> None:
    api.put(inference_service("voice"))
    async with watching(api, config) as catalog:
        await until(lambda: names(catalog) == ["voice"])
        assert catalog.current.aliases == {}
        write(config, FILE.replace("from-file", "voice"))
        await until(lambda: catalog.current.aliases == {"tts-1": "voice"})
        assert catalog.current.availability


async def test_the_last_model_may_go(api: FakeKubernetesApi, config: Path) -> None:
    api.put(inference_service("voice"))
    async with watching(api, config) as catalog:
        await until(lambda: names(catalog) == ["voice"])
        api.delete("voice")
        await until(lambda: names(catalog) == [])


async def test_addresses_are_set_by_hand_or_discovered_or_implied(
    api: FakeKubernetesApi, config: Path
) -> None:
    api.put(inference_service("voice", address="http://found"), inference_service("other"))
    settings = ConnectionSettings(predictor_urls={"other": "http://by-hand/"})
    async with watching(api, config) as catalog:
        address = address_of(settings, catalog)
        assert address("voice") == "http://voice-predictor"
        await until(lambda: len(names(catalog)) == 2)
        assert (address("voice"), address("other")) == ("http://found", "http://by-hand")
        assert address("openvoice_v2") == "http://openvoice-v2-transformer"


async def test_leaving_ends_the_watch(api: FakeKubernetesApi, config: Path) -> None:
    async with watching(api, config) as catalog:
        await until(lambda: api.count("watch") == 1)
        began = time.monotonic()
    assert time.monotonic() - began < PACE.watch_s / 2
    api.put(inference_service("late"))
    await asyncio.sleep(0.1)
    assert "late" not in names(catalog)


WITHOUT_CLIENT = """
import sys
from importlib.machinery import PathFinder
class Hidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == "kubernetes" else PathFinder.find_spec(name, path, target)
sys.meta_path[:] = [Hidden if one is PathFinder else one for one in sys.meta_path]
from ingress.server import main
main(["--config", sys.argv[1]])
"""


def test_without_the_client_the_extra_is_named(config: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_CLIENT, str(config)],
        cwd=ROOT,
        env={"SPEECH_DISCOVERY": "kubernetes"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "harmony-speech[discovery]" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("value", [{"discovery": "dns"}, {"namespace": ""}])
def test_wrong_settings_are_refused(value: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        DiscoverySettings(**value)  # type: ignore[arg-type]
