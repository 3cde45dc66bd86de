"""How a calling room finds its predictors and wraps its calls, from settings alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import InvalidConfig, ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import AudioOutput, SynthesizeInput
from transport.client.cache import MemoryStore, RedisStore
from transport.client.connection import ConnectionSettings, address_of, resilient, store

CATALOG = Catalog(
    ServiceConfig(
        model_configs=(ModelConfig(name="tts", model="m", model_type="PiperSynthesizer"),)
    )
)
SILENCE = AudioOutput(Audio(np.zeros(100, np.float32), 16000))
SHOUTING = """
from dataclasses import replace

class Shout:
    async def process_request(self, model, request, context):
        return replace(request, text=request.text.upper())

    async def process_response(self, model, output, context):
        return output

class Needy:
    def __init__(self, key): ...
"""


class Listener:
    """A transport that remembers what it was to answer."""

    def __init__(self):
        self.texts = []

    async def call(self, model, request, context):
        self.texts.append(request.text)
        return SILENCE

    async def is_ready(self, model):
        return True

    async def wake(self, models, context):
        return None


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "shouting_middleware.py").write_text(SHOUTING)
    sys.path.insert(0, str(tmp_path))
    yield "shouting_middleware"
    sys.path.remove(str(tmp_path))
    sys.modules.pop("shouting_middleware", None)


def test_addresses_follow_the_templates_unless_set_by_hand():
    settings = ConnectionSettings(
        predictor_urls={"special": "http://elsewhere:9000/"},
        predictor_url_template="http://{name}-predictor.speech",
        toolchain_url_template="http://{name}-transformer.speech",
    )
    address = address_of(settings, CATALOG)
    assert address("tts") == "http://tts-predictor.speech"
    assert address("openvoice_v2") == "http://openvoice-v2-transformer.speech"
    assert address("special") == "http://elsewhere:9000"


async def test_middleware_named_in_the_settings_sees_every_call(plugin):
    listener = Listener()
    settings = ConnectionSettings(middleware=(f"{plugin}:Shout",))
    client = resilient(listener, CATALOG, settings, None)
    await client.call("tts", SynthesizeInput(text="quietly"), RequestContext())
    assert listener.texts == ["QUIETLY"]


@pytest.mark.parametrize("name", ["nowhere:Shout", "json:Missing", "json", "Needy"])
def test_middleware_that_is_no_class_is_named(plugin, name):
    wrong = f"{plugin}:{name}" if name == "Needy" else name
    with pytest.raises(InvalidConfig, match=wrong):
        resilient(Listener(), CATALOG, ConnectionSettings(middleware=(wrong,)), None)


def test_the_settings_choose_the_store():
    assert store(ConnectionSettings(cache_mb=0)) is None
    assert isinstance(store(ConnectionSettings(cache_mb=1)), MemoryStore)
    assert isinstance(store(ConnectionSettings(redis_url="redis://cache:6379/0")), RedisStore)
    with pytest.raises(InvalidConfig, match="SPEECH_REDIS_URL"):
        store(ConnectionSettings(redis_url="cache"))
