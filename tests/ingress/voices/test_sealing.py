"""What is sealed opens with its key, in its place, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from ingress.settings import Settings
from ingress.voices.seal_keys import read_seal_keys
from ingress.voices.sealing import CannotOpen, Sealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
DATA, PLACE = b"the sound of a voice" * 100, "key-ann/voice_1"


def test_it_comes_back_and_reads_as_noise_meanwhile() -> None:
    sealed = Sealer([OLD]).seal(DATA, PLACE)
    assert b"voice" not in sealed
    assert sealed != Sealer([OLD]).seal(DATA, PLACE)
    assert Sealer([OLD]).open(sealed, PLACE) == DATA


def test_keys_can_be_changed() -> None:
    before = Sealer([OLD]).seal(DATA, PLACE)
    both = Sealer([NEW, OLD])
    assert both.open(before, PLACE) == DATA
    after = both.seal(DATA, PLACE)
    assert Sealer([NEW]).open(after, PLACE) == DATA
    with pytest.raises(CannotOpen):
        Sealer([OLD]).open(after, PLACE)


def test_what_was_stored_before_there_was_a_key_stays_readable() -> None:
    assert Sealer([OLD]).open(Sealer([]).seal(DATA, PLACE), PLACE) == DATA


@pytest.mark.parametrize("keys", [[], [NEW]])
def test_another_key_opens_nothing(keys: list[bytes]) -> None:
    with pytest.raises(CannotOpen, match="SPEECH_VOICES_KEYS"):
        Sealer(keys).open(Sealer([OLD]).seal(DATA, PLACE), PLACE)


def test_it_opens_only_where_it_was_sealed() -> None:
    sealed = Sealer([OLD]).seal(DATA, PLACE)
    with pytest.raises(CannotOpen):
        Sealer([OLD]).open(sealed, "key-bob/voice_1")
    for spoiled in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", b"\x07abc"):
        with pytest.raises(CannotOpen):
            Sealer([OLD]).open(spoiled, PLACE)


def test_keys_are_read_from_base64() -> None:
    text = ",".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    assert read_seal_keys(f" {text} ,") == (NEW, OLD)
    assert read_seal_keys("") == ()


@pytest.mark.parametrize("text", ["secret", base64.b64encode(OLD[:16]).decode(), "é"])
def test_wrong_keys_stop_the_start_and_are_not_shown(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(voices_keys=text)
    (error,) = caught.value.errors()
    assert "32 bytes in base64" in error["msg"]
    assert text not in error["msg"]


@pytest.mark.parametrize("text", ["mysql://host/db", "sqlite:///", "voices.db"])
def test_an_unknown_database_stops_the_start(text: str) -> None:
    with pytest.raises(ValidationError, match="sqlite:///path/of/a/file"):
        Settings(voices_db=text)
