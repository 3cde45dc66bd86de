"""What an operator reads when a program cannot start."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest
from pydantic import ValidationError

from transport.asgi.settings import ServerSettings
from transport.client.connection import ConnectionSettings
from transport.program import port, settings_errors


@pytest.mark.parametrize(
    ("settings", "variable", "value", "words"),
    [
        (ServerSettings, "MAX_BODY_MB", "many", "must be a whole number"),
        (ServerSettings, "MAX_BODY_MB", "0", "is 0; the least is 1"),
        (ServerSettings, "TIMEOUT_S", "long", "must be a number"),
        (ServerSettings, "LOG_LEVEL", "loud", "must be one of: DEBUG, INFO, WARNING, ERROR"),
        (ConnectionSettings, "CACHE_SHARED", "maybe", "must be true or false"),
        (ConnectionSettings, "PREDICTOR_URLS", "http://here", "must be JSON"),
        (ConnectionSettings, "PREDICTOR_URLS", "[1]", "must be a mapping"),
        (ConnectionSettings, "MIDDLEWARE", "my_package:Mine", "must be JSON"),
        (
            ConnectionSettings,
            "PREDICTOR_URL_TEMPLATE",
            "http://{model}",
            "may hold {name} and no other braces",
        ),
    ],
)
def test_a_wrong_variable_is_named_with_its_remedy(monkeypatch, settings, variable, value, words):
    monkeypatch.setenv(f"SPEECH_{variable}", value)
    with pytest.raises(ValidationError) as caught:
        settings()
    assert settings_errors(caught.value) == f"SPEECH_{variable} {words}"


def test_json_in_variables_is_read(monkeypatch):
    monkeypatch.setenv("SPEECH_PREDICTOR_URLS", '{"tts": "http://elsewhere"}')
    monkeypatch.setenv("SPEECH_MIDDLEWARE", '["my_package:Mine"]')
    settings = ConnectionSettings()
    assert settings.predictor_urls == {"tts": "http://elsewhere"}
    assert settings.middleware == ("my_package:Mine",)


def test_ports_are_whole_numbers_below_65536():
    assert port("0") == 0
    assert port("65535") == 65535
    for text in ("65536", "-1", "http", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="from 0 to 65535"):
            port(text)


def test_programs_enable_garbage_collection_again_once_they_have_imported() -> None:
    program = """
import gc
gc.disable()
import transport.program
made_by_imports = len(gc.get_objects())
transport.program.enable_garbage_collection()
print(gc.isenabled(), len(gc.get_objects()) < made_by_imports / 10)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True\n"
