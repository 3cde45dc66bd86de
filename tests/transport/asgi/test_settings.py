"""One name in every room; names of older releases are still read."""

from __future__ import annotations

import logging

import pytest

from ingress.settings import Settings as IngressSettings
from predictors.runtime.settings import Settings as PredictorSettings
from transformer.settings import Settings as TransformerSettings
from transport.asgi.settings import ServerSettings

OLD_NAMES = [
    (IngressSettings, "SPEECH_MAX_BODY_BYTES", "20971520", "max_body_mb", 20),
    (IngressSettings, "SPEECH_MAX_BODY_BYTES", "1500000", "max_body_mb", 2),
    (IngressSettings, "SPEECH_MAX_AUDIO_BYTES", "1048576", "max_audio_mb", 1),
    (IngressSettings, "SPEECH_MAX_AUDIO_SECONDS", "90", "max_audio_s", 90),
    (IngressSettings, "SPEECH_MAX_VOICE_SECONDS", "12.5", "max_voice_s", 12.5),
    (IngressSettings, "SPEECH_MAX_CONCURRENT_REQUESTS", "7", "max_requests", 7),
    (IngressSettings, "SPEECH_REQUEST_TIMEOUT_S", "42", "timeout_s", 42),
    (PredictorSettings, "SPEECH_MAX_TIMEOUT_S", "42", "timeout_s", 42),
    (TransformerSettings, "SPEECH_MAX_TIMEOUT_S", "42", "timeout_s", 42),
]


@pytest.mark.parametrize(("room", "variable", "value", "field", "expected"), OLD_NAMES)
def test_an_old_name_is_read_with_a_warning_that_gives_the_new_one(
    room: type[ServerSettings],
    variable: str,
    value: str,
    field: str,
    expected: float,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(variable, value)
    with caplog.at_level(logging.WARNING):
        assert getattr(room(), field) == expected
    assert f"{variable} is now SPEECH_{field.upper()}" in caplog.text


def test_the_new_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_REQUEST_TIMEOUT_S", "42")
    monkeypatch.setenv("SPEECH_TIMEOUT_S", "43")
    assert IngressSettings().timeout_s == 43


@pytest.mark.parametrize("field", ["timeout_s", "max_body_mb", "max_audio_s", "grace_s"])
def test_every_room_reads_the_same_name(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SPEECH_{field.upper()}", "17")
    rooms = (IngressSettings(), PredictorSettings(), TransformerSettings())
    assert [getattr(room, field) for room in rooms] == [17, 17, 17]
